"""Every command that a message names is there and takes the options that the message gives it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import runner
from runner.cli import cli

pytestmark = pytest.mark.slow

_NAMED = re.compile(r"\brunner ((?:repair|local) )?([a-z]+)((?: (?:--?[a-z][a-z-]*|…|\S*[\w…\"'}]))*)")
_OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]+)")


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module, a formatted one with {} for each value."""
    inside: set[ast.AST] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inside.update(node.values)
            yield node.lineno, "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node.lineno, node.value


def _named() -> Iterator[tuple[str, str, str, list[str]]]:
    folder = Path(runner.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for line, text in _texts(path):
            for group, name, rest in _NAMED.findall(text):
                yield f"{path.relative_to(folder)}:{line}", group.strip(), name, _OPTION.findall(rest)


def _command(group: str, name: str) -> click.Command | None:
    context = click.Context(cli)
    if not group:
        return cli.get_command(context, name)
    parent = cli.get_command(context, group)
    return parent.get_command(context, name) if isinstance(parent, click.Group) else None


def test_the_commands_that_messages_name_are_there():
    found = [entry for entry in _named() if _command(*entry[1:3]) is not None]
    assert len(found) > 100
    wrong = []
    for place, group, name, options in found:
        command = _command(group, name)
        assert command is not None
        known = {spelling for parameter in command.params for spelling in parameter.opts} | {"--help"}
        wrong += [f"{place}: runner {group} {name} {option}" for option in options if option not in known]
    assert wrong == []


@pytest.mark.parametrize("group", ["repair", "local"])
def test_the_subcommands_that_messages_name_are_there(group):
    named = {name for _, found, name, _ in _named() if found == group}
    assert named
    assert [name for name in sorted(named) if _command(group, name) is None] == []
