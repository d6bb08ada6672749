"""Ask git which files a change touches."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from runner.errors import UsageError
from runner.files.migrations.migration import Kind, Migration


def changed_since(base: str, files: Sequence[Migration], *, project: Path) -> frozenset[str]:
    """Return the ids of the migrations that are new or changed since this branch left `base`.

    Uncommitted changes count, and so do files that git does not track yet.

    Raises: UsageError if git is not installed, this is not a repository, or it does not have `base`.
    """
    tracked = _differing(base, project)
    new = _git(project, "ls-files", "--others", "--exclude-standard", "-z", "--", asks_for=base)
    changed = tracked | {project / name for name in new.split("\0") if name}
    return frozenset(m.id for m in files if any(path in changed for path in _paths(m)))


def edited_since(base: str, files: Sequence[Migration], *, project: Path) -> frozenset[str]:
    """Return the ids of the versioned migrations that existed when this branch left `base`, and have changed since.

    Raises: as `changed_since`.
    """
    modified = _differing(base, project, "--diff-filter=M")
    return frozenset(m.id for m in files if m.kind is Kind.VERSIONED and m.apply.path in modified)


def _differing(base: str, project: Path, *options: str) -> frozenset[Path]:
    fork = _git(project, "merge-base", "--", base, "HEAD", asks_for=base).strip()
    names = _git(project, "diff", "--name-only", "-z", "--relative", *options, fork, "--", asks_for=base)
    return frozenset(project / name for name in names.split("\0") if name)


def default_branch(project: Path) -> str | None:
    """Return the default branch: the remote's HEAD, or main or master; None if git has none of them."""
    asked = (
        ("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"),
        *(("rev-parse", "--quiet", "--verify", "--abbrev-ref", name) for name in ("main", "master")),
    )
    for command in asked:
        with suppress(UsageError):
            name = _git(project, *command, asks_for="the default branch").strip()
            if name:
                return name
    return None


def unchanged_since(base: str, paths: Collection[Path], *, project: Path) -> frozenset[Path]:
    """Return the files that are unchanged since this branch left `base`.

    Raises: as `changed_since`.
    """
    fork = _git(project, "merge-base", "--", base, "HEAD", asks_for=base).strip()
    listed = _git(project, "ls-tree", "-r", "--name-only", "-z", fork, asks_for=base)
    there = {project / name for name in listed.split("\0") if name}
    return frozenset(there.intersection(paths) - _differing(base, project))


def names_at(base: str, folders: Sequence[str], *, project: Path) -> frozenset[str]:
    """Return the names of the files in these folders, relative to the project, at the tip of `base`.

    Raises: as `changed_since`.
    """
    below = [f"{folder}/" for folder in folders]
    listed = _git(project, "ls-tree", "--name-only", "-z", base, "--", *below, asks_for=base)
    return frozenset(name.rpartition("/")[2] for name in listed.split("\0") if name)


def texts_at(revision: str, path: str, *, project: Path) -> list[tuple[str, str]]:
    """Return the path and text of an .sql file, or of each .sql file in a folder, as a revision has them.

    Raises: as `changed_since`; UsageError where the revision does not have the path.
    """
    listed = _git(project, "ls-tree", "-r", "--name-only", "-z", revision, "--", path, asks_for=revision)
    names = sorted(name for name in listed.split("\0") if name.endswith(".sql"))
    if not names:
        raise UsageError(
            f"{revision} has no SQL at {path}",
            hint="Give git:REVISION:PATH, with a path from the project's folder.",
        )
    return [(name, _git(project, "show", f"{revision}:./{name}", asks_for=revision)) for name in names]


def _paths(migration: Migration) -> tuple[Path, ...]:
    undo = () if migration.rollback is None else (migration.rollback.path,)
    return (migration.apply.path, *undo)


def _git(project: Path, *args: str, asks_for: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *args], capture_output=True, text=True, check=True, timeout=60
        )
    except FileNotFoundError as error:
        raise UsageError("git is not installed", hint="Install it, or use --since ID or --all.") from error
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise UsageError(
            f"git cannot compare with {asks_for!r}",
            detail=said.strip().splitlines()[-1] if said.strip() else None,
            hint="Give a branch or commit that this clone has: a pipeline's shallow clone must fetch it first.",
        ) from error
    return done.stdout
