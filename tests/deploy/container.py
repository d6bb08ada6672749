"""What an image's container is, without an engine: its build steps and its restrictions, on this machine's kernel.

The Dockerfile's own RUN and COPY lines are carried out in a mount namespace; a container is a process with namespaces
of its own, a read-only tree, an empty /tmp, a uid without a name, no capabilities and a cgroup's limits.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.deploy import dockerfile

if TYPE_CHECKING:
    from collections.abc import Iterator

# folders that every Linux has and nothing here uses: the image and the interpreter appear there
IMAGE, INTERPRETER = Path("/srv"), Path("/media")
UID = 10001
_MOVED = re.compile(r"(?<![\w/])/(opt/runner|src|wheels|app)\b")


def why_not() -> str | None:
    """Return why this machine cannot do it; None when it can."""
    if os.geteuid() != 0:
        return "only root may make namespaces with another uid"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else tried.stderr.strip()


@dataclass(frozen=True, slots=True)
class Finished:
    """How a container ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Image:
    """The tree that the Dockerfile makes, and what it sets."""

    tree: Path
    python: Path  # the interpreter's folder, in place of the base image

    def command(self, *arguments: str, uid: int = UID, extra: str = "", **environ: str) -> list[str]:
        """Return what runs `runner` as process 1 of a container."""
        last = dockerfile.stages()[-1]
        settings = {key: _moved(value) for key, value in dockerfile.environment(last).items()}
        settings["PATH"] = (
            settings["PATH"].replace("$PATH", "/usr/bin:/bin").replace("${POSTGRES_CLIENT}", _client())
        )
        settings.pop("RUNNER_GIT_COMMIT")
        settings["LD_LIBRARY_PATH"] = (
            f"{INTERPRETER}/lib"  # of an interpreter that was built for another folder
        )
        assigned = [f"{key}={value}" for key, value in (settings | environ).items()]
        program = [
            "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
            "--inh-caps=-all", "env", "--ignore-environment", *assigned, "runner", *arguments,
        ]  # fmt: skip
        script = f"""
            {_mounts(self)}
            mount -o remount,bind,ro {IMAGE}
            mount -t tmpfs -o size=64m,mode=1777 tmpfs /tmp
            mount -o remount,bind,ro /
            {extra}
            cd {IMAGE}/app
            exec {shlex.join(program)}
        """
        return ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "bash", "-euc", script]

    def run(self, *arguments: str, uid: int = UID, extra: str = "", **environ: str) -> Finished:
        """Run `runner` to its end."""
        done = subprocess.run(
            self.command(*arguments, uid=uid, extra=extra, **environ), capture_output=True, text=True
        )
        return Finished(done.returncode, done.stdout, done.stderr)


def _moved(text: str) -> str:
    return _MOVED.sub(rf"{IMAGE}/\1", text)


def _mounts(image: Image) -> str:
    return f"mount --bind {image.tree} {IMAGE}; mount --bind {image.python} {INTERPRETER}"


def build(tree: Path) -> None:
    """Carry out the Dockerfile's steps, all but those of the distribution's package manager."""
    image = Image(tree, interpreter())
    first = dockerfile.stages()[0]
    lines = [
        "set -euo pipefail",
        _mounts(image),
        f"export LD_LIBRARY_PATH={INTERPRETER}/lib",
        f'python() {{ {INTERPRETER}/bin/python3 "$@"; }}',
    ]
    lines += [f"python -m venv {IMAGE}/build", f'pip() {{ {IMAGE}/build/bin/python -m pip "$@"; }}']
    lines += [f"mkdir -p {IMAGE}/src {IMAGE}/app {IMAGE}/opt", f"cd {IMAGE}/src"]
    lines += [f"export {each}" for each in (f"{k}={v}" for k, v in dockerfile.environment(first).items())]
    for each in first:
        if each.word == "COPY":
            *sources, target = each.rest.split()
            copied = " ".join(str(dockerfile.ROOT / source) for source in sources)
            # as of a checkout that its owner alone may read
            lines.append(f"(umask 077; cp -r --no-preserve=mode {copied} {_moved(target)})")
        elif each.word == "RUN":
            lines.append(_moved(each.rest))
    lines.append(f"rm -rf {IMAGE}/src {IMAGE}/build {IMAGE}/wheels")
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", "\n".join(lines)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _client() -> str:
    """Return the newest version of PostgreSQL's programs that is installed here as Debian installs them."""
    return max((path.name for path in Path("/usr/lib/postgresql").glob("*")), key=int, default="none")


def interpreter() -> Path:
    """Return the folder of a Python of the image's version, else of our own."""
    version = re.search(r"python:(3\.\d+)", (dockerfile.ROOT / "Dockerfile").read_text("utf-8"))
    assert version is not None
    program = shutil.which(f"python{version[1]}") or sys.executable
    asked = subprocess.run(
        [program, "-c", "import sys; print(sys.base_prefix)"], capture_output=True, text=True
    )
    return Path(asked.stdout.strip() if asked.returncode == 0 else sys.base_prefix)


@dataclass(frozen=True, slots=True)
class Limits:
    """A cgroup with a container's limits."""

    memory: Path
    cpu: Path
    unified: bool

    @property
    def join(self) -> str:
        """The shell command that puts a process in."""
        return "; ".join(f"echo $$ >{each}/cgroup.procs" for each in {self.memory, self.cpu})

    @property
    def peak_mib(self) -> float:
        """The most memory that was in use at once, page cache included."""
        name = "memory.peak" if self.unified else "memory.max_usage_in_bytes"
        return int((self.memory / name).read_text()) / (1 << 20)


@contextmanager
def limited(name: str, *, memory_mib: int, cpu: float) -> Iterator[Limits | None]:
    """Make a cgroup, of version 2 or 1; None where this machine gives us none."""
    root = Path("/sys/fs/cgroup")
    unified = (root / "cgroup.controllers").exists()
    memory, processor = (root / name,) * 2 if unified else (root / "memory" / name, root / "cpu" / name)
    made = [folder for folder in dict.fromkeys((memory, processor)) if _make(folder)]
    try:
        yield Limits(memory, processor, unified) if _set(memory, processor, memory_mib, cpu) else None
    finally:
        for folder in made:
            folder.rmdir()


def _make(folder: Path) -> bool:
    try:
        folder.mkdir()
    except OSError:
        return False
    return True


def _set(memory: Path, processor: Path, memory_mib: int, cpu: float) -> bool:
    quota = round(cpu * 100_000)
    files = {
        memory / "memory.max": memory_mib << 20,
        memory / "memory.limit_in_bytes": memory_mib << 20,
        processor / "cpu.max": f"{quota} 100000",
        processor / "cpu.cfs_quota_us": quota,
    }
    present = [path for path in files if path.exists()]
    for path in present:
        path.write_text(str(files[path]))
    return len(present) == 2
