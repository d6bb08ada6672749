"""The help of each command: every option once, under its topic."""

from __future__ import annotations

import re

import click
import pytest

from runner.cli import cli
from runner.cli.group import _SHARED, COMMANDS


def help_of(name: str) -> tuple[click.Command, str]:
    context = click.Context(cli, info_name="runner")
    command = cli.get_command(context, name)
    assert command is not None
    return command, command.get_help(click.Context(command, parent=context, info_name=name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_shown_once(name: str) -> None:
    command, text = help_of(name)
    first = re.findall(r"^  (-[\w-]+)", text.partition("Options:")[2], re.MULTILINE)
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert sum(name in option.opts for name in first) == 1, option.opts


def test_what_commands_share_stands_under_its_topic_below_their_own() -> None:
    _, text = help_of("migrate")
    topics = re.findall(r"^(\w[\w ]*):$", text, re.MULTILINE)
    assert topics == ["Options", "Target", "Files and history", "Limits", "Backup", "Output"]
    own = text.partition("Options:")[2].partition("Target:")[0]
    assert "--to ID" in own
    assert "--url" not in own


def test_each_shared_option_is_one_of_some_command() -> None:
    known = {p.name for name in COMMANDS for p in help_of(name)[0].params}
    assert {option for options in _SHARED.values() for option in options} <= known
