"""Commands are imported only when one of them is called or listed."""

from __future__ import annotations

from importlib import import_module

import click

# name → module of runner.cli that defines it under the same name, in the order that help shows
COMMANDS = {
    "migrate": "migrating",
    "rollback": "migrating",
    "status": "inspecting",
    "plan": "inspecting",
    "verify": "proving",
    "validate": "inspecting",
    "lint": "inspecting",
    "new": "authoring",
    "snapshot": "authoring",
    "baseline": "mending",
    "repair": "mending",
    "backup": "keeping",
    "restore": "keeping",
    "maintenance": "maintaining",
    "wait": "operating",
    "doctor": "operating",
    "health": "health",
    "exec": "local",
    "local": "local",
}
ALIASES = {"up": "migrate", "apply": "migrate", "down": "rollback"}


class RunnerGroup(click.Group):
    """A group that knows its commands by name and loads the one that is called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order of use."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command by its name or alias."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = import_module(f"runner.cli.{COMMANDS[name]}")
        command = getattr(module, f"{name}_command")
        if not isinstance(command, click.Command):
            raise TypeError(name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is none of this name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], [*COMMANDS, *ALIASES], n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx=ctx) from error
