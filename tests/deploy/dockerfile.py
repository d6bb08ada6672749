"""The Dockerfile as instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word in capitals and the rest, continuation lines joined and comments gone."""

    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """Return the instructions of each stage, its FROM first; what stands before the first FROM is left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    found: list[list[Instruction]] = []
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        if word and found:
            found[-1].append(Instruction(word, " ".join(rest.split())))
    return found


def environment(stage: list[Instruction]) -> dict[str, str]:
    """Return what ENV sets, as it is written."""
    pairs = (pair for each in stage if each.word == "ENV" for pair in each.rest.split())
    return dict(pair.split("=", 1) for pair in pairs)


def only(stage: list[Instruction], word: str) -> str:
    """Return the one instruction of this kind."""
    (found,) = (each.rest for each in stage if each.word == word)
    return found
