"""Run squawk over files and say what it found in our words.

It is a program that a package brings along (`pip install squawk-cli`), works offline and reads ten thousand files in
a quarter of a second. Its columns count bytes from 0, ours characters from 1.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from runner.errors import Location, RunnerError
from runner.files.migrations.migration import Script
from runner.review.lint import BORROWED, Finding

_RULES = {theirs: rule for rule in BORROWED for theirs in rule.squawk}
_OPT_IN = ("identifier-too-long",)
_SYNTAX = "syntax-error"
_PATHS_AT_ONCE = 2000  # a command line holds 128 KiB at least
# what psql reads and squawk does not: data of a COPY, pg_dump's guards
_NOT_SQL = re.compile(r"^\s*COPY\b[^;]*\bFROM\s+stdin\b|^\\(?:un)?restrict\b", re.IGNORECASE | re.MULTILINE)


def find() -> Path | None:
    """Return the program, the one beside this Python first."""
    beside = Path(sys.executable).with_name("squawk")
    if beside.is_file():
        return beside
    found = shutil.which("squawk")
    return None if found is None else Path(found)


def run(program: Path, scripts: Sequence[Script]) -> list[Finding]:
    """Check files that are small enough to be held; return what our rules make of it.

    Raises: RunnerError when squawk itself fails.
    """
    readable = {str(s.path): s for s in scripts if s.text is not None and not _NOT_SQL.search(s.text)}
    paths = list(readable)
    found: list[Finding] = []
    for start in range(0, len(paths), _PATHS_AT_ONCE):
        heard = _ask(program, paths[start : start + _PATHS_AT_ONCE])
        found.extend(_findings(heard, readable))
    return found


def _ask(program: Path, paths: Sequence[str]) -> list[dict[str, Any]]:
    # without a project's .squawk.toml: which rules count is said in runner.toml
    command = [str(program), "--reporter", "json", "--config", os.devnull, "--assume-in-transaction"]
    command += [f"--include={rule}" for rule in _OPT_IN]
    done = subprocess.run([*command, "--", *paths], capture_output=True, text=True, check=False)
    try:
        heard = json.loads(done.stdout or "[]")
    except json.JSONDecodeError:
        heard = None
    # 1 means that it found something
    if not isinstance(heard, list) or done.returncode not in {0, 1} or (done.returncode and not heard):
        raise RunnerError(
            f"squawk ended with exit code {done.returncode}",
            detail=(done.stderr.strip().splitlines() or ["It said nothing."])[-1],
            hint="Try it by itself, install the version of requirements-dev.lock, or use --no-squawk.",
        )
    return heard


def _findings(heard: Sequence[dict[str, Any]], scripts: dict[str, Script]) -> Iterator[Finding]:
    broken: set[str] = set()
    for item in heard:
        rule, path = _RULES.get(item["rule_name"]), item["file"]
        if rule is None or path in broken:
            continue
        if item["rule_name"] == _SYNTAX:
            broken.add(path)  # what it says of the rest of the file follows from the first
        where = _location(scripts[path], item["line"], item["column"])
        said = item["message"].rstrip(".") if item["rule_name"] == _SYNTAX else rule.name
        yield rule.finding(said[:1].lower() + said[1:], where)


def _location(script: Script, line: int, column: int) -> Location:
    text = (script.text or "").split("\n")
    whole = text[line] if line < len(text) else ""
    characters = len(whole.encode()[:column].decode("utf-8", "ignore"))
    return Location(script.label, line + 1, characters + 1, whole.rstrip("\r"))
