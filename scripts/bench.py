"""Compare runner with psql and with stock yoyo, side by side in one run; prints what it did and judges nothing.

Usage: python scripts/bench.py [FILES]    (RUNNER_TEST_URL names a server; else a local one is made for the run)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from runner.local import Server, temporary_folder

BIN = Path(sys.executable).parent


def write_files(folder: Path, count: int) -> None:
    """Write small migrations with their rollbacks, and the same for one psql session: a transaction a file."""
    (folder / "migrations").mkdir()
    script = []
    for n in range(count):
        up = f"CREATE TABLE t{n} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    name text NOT NULL\n);\n"
        (folder / f"migrations/{n:05}_t.sql").write_text(up)
        (folder / f"migrations/{n:05}_t.rollback.sql").write_text(f"DROP TABLE t{n};\n")
        script.append(f"BEGIN;\n\\i migrations/{n:05}_t.sql\nCOMMIT;\n")
    (folder / "all.psql").write_text("".join(script))


def timed(command: list[str], folder: Path, url: str) -> float:
    """Run a command and return its seconds."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DB_", "RUNNER_"))}
    started = time.monotonic()
    subprocess.run(command, cwd=folder, env={**kept, "DATABASE_URL": url}, check=True, capture_output=True)
    return time.monotonic() - started


def main() -> None:
    """Measure a fresh apply, a run with nothing to do, and a rollback of all."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    home = None
    base = os.environ.get("RUNNER_TEST_URL")
    if base is None:
        home = temporary_folder()
        server = Server(home / "postgres", environ=os.environ, ephemeral=True)
        started = server.start(tcp=True)
        password = started.password.reveal() if started.password else ""
        base = f"postgresql://{started.parameters['user']}:{password}@{started.host}:{started.port}/postgres"
    stem = base.rpartition("/")[0]

    def fresh(name: str) -> str:
        with psycopg.connect(base, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        return f"{stem}/{name}"

    runner = str(BIN / "runner")
    yoyo = [str(BIN / "yoyo"), "{verb}", "--batch", "--no-config-file", "--database"]
    try:
        with TemporaryDirectory() as made:
            folder = Path(made)
            write_files(folder, count)
            urls = {tool: fresh(f"bench_{tool}") for tool in ("psql", "yoyo", "runner")}
            stock = urls["yoyo"].replace("postgresql://", "postgresql+psycopg://")

            def yoyo_does(verb: str) -> list[str]:
                return [part.format(verb=verb) for part in yoyo] + [
                    stock,
                    *(["--all"] if verb == "rollback" else []),
                    "migrations",
                ]

            rows: list[tuple[str, dict[str, Callable[[], float]]]] = [
                (
                    f"fresh apply of {count} files",
                    {
                        "psql": lambda: timed(
                            ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", "all.psql", urls["psql"]],
                            folder,
                            "",
                        ),
                        "yoyo": lambda: timed(yoyo_does("apply"), folder, ""),
                        "runner": lambda: timed([runner, "migrate"], folder, urls["runner"]),
                    },
                ),
                (
                    "nothing to do",
                    {
                        "yoyo": lambda: timed(yoyo_does("apply"), folder, ""),
                        "runner": lambda: timed([runner, "migrate"], folder, urls["runner"]),
                    },
                ),
                (
                    f"rollback of {count} files",
                    {
                        "yoyo": lambda: timed(yoyo_does("rollback"), folder, ""),
                        "runner": lambda: timed(
                            [runner, "rollback", "--all", "--yes"], folder, urls["runner"]
                        ),
                    },
                ),
            ]
            print(f"{'':32}{'psql':>10}{'yoyo':>10}{'runner':>10}   runner / psql, / yoyo")
            for title, tools in rows:
                took = {tool: measure() for tool, measure in tools.items()}
                cells = "".join(
                    f"{took[t]:>9.2f}s" if t in took else f"{'':>10}" for t in ("psql", "yoyo", "runner")
                )
                ratios = ", ".join(
                    f"{took['runner'] / took[t]:.2f}" if t in took else "-" for t in ("psql", "yoyo")
                )
                print(f"{title:32}{cells}   {ratios}")
    finally:
        if home is not None:
            server.stop()
            shutil.rmtree(home)


if __name__ == "__main__":
    main()
