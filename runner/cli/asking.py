"""Ask for confirmation before something that cannot be undone."""

from __future__ import annotations

import click

from runner.errors import RunnerError


def require_yes(question: str, *, otherwise: str) -> None:
    """Ask; return if the answer is yes. `otherwise` is the state of the database after a no.

    Raises: RunnerError, exit 1, for a no and for the end of the input; KeyboardInterrupt for Ctrl-C.
    """
    try:
        is_yes = click.confirm(question, err=True)
    except click.Abort as abort:
        # Click makes one of both
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from abort
        click.echo(err=True)
        is_yes = False
    if not is_yes:
        raise RunnerError("not confirmed", detail=otherwise, hint="To go on, answer y, or add --yes.")
