"""Commands are imported only when one of them is called or listed."""

from __future__ import annotations

from importlib import import_module

import click

from runner.errors import UsageError
from runner.wording import closest

# name → module of runner.cli that defines it under the same name, in the order that help shows
COMMANDS = {
    "migrate": "migrate",
    "rollback": "rollback",
    "status": "status",
    "plan": "plan",
    "verify": "verify",
    "validate": "validate",
    "lint": "lint",
    "new": "new",
    "draft": "draft",
    "snapshot": "snapshot",
    "statements": "statements",
    "baseline": "baseline",
    "repair": "repair",
    "backup": "backup",
    "restore": "restore",
    "maintenance": "maintenance",
    "wait": "wait",
    "doctor": "doctor",
    "health": "health",
    "exec": "local",
    "local": "local",
}
ALIASES = {"up": "migrate", "apply": "migrate", "down": "rollback"}

_NEW = "Write a new migration and its rollback with: runner new NAME"
_STATUS = "See what is applied and pending with: runner status; what was done, by whom and when, with: runner status --history"
_MIGRATE = "Apply what is pending with: runner migrate"
_ROLLBACK = "Undo the newest migration with: runner rollback"
_EMPTY = (
    "No command empties or drops a database, as a mistake could not be undone. In a database of your own, undo all "
    "migrations with: runner rollback --all; or drop it with DROP DATABASE, create it again, then: runner migrate"
)
_SNAPSHOT = "Write the schema that the files give to sql/schema/ with: runner snapshot"
_ADOPT = "Record what is applied already, without running it, with: runner baseline"
# other tools' names for their commands; none of these is a misspelled one of ours
ELSEWHERE = {
    **dict.fromkeys(("create", "generate", "add", "make", "revision", "g"), _NEW),
    **dict.fromkeys(
        ("init", "setup", "install"),
        "No setup is needed: runner new NAME writes the first migration, and runner migrate creates history's tables.",
    ),
    **dict.fromkeys(
        ("current", "info", "history", "log", "list", "show", "ls", "heads", "pending", "version"), _STATUS
    ),
    **dict.fromkeys(
        ("upgrade", "update", "deploy", "run", "latest", "migration", "up-to", "sync", "push"), _MIGRATE
    ),
    **dict.fromkeys(("undo", "revert", "downgrade", "down-to", "unapply"), _ROLLBACK),
    "redo": "Run one after the other: runner rollback, then runner migrate",
    **dict.fromkeys(
        ("reset", "drop", "clean", "fresh", "wipe", "destroy", "erase", "refresh", "purge", "nuke"), _EMPTY
    ),
    **dict.fromkeys(("dump", "schema", "dump-schema"), f"{_SNAPSHOT}; a backup with: runner backup"),
    **dict.fromkeys(("diff", "check", "drift"), "Compare a database with its snapshot with: runner validate"),
    **dict.fromkeys(
        ("test", "dry-run", "rehearse"),
        "Rehearse in a scratch database with: runner verify; list what would run with: runner plan",
    ),
    **dict.fromkeys(("stamp", "fake", "mark", "adopt", "resolve", "squash"), _ADOPT),
    **dict.fromkeys(
        ("force", "fix", "unlock", "break-lock"),
        "See what is wrong with: runner doctor; change an entry of history with: runner repair --help",
    ),
    "seed": "Run sql/seed/ with: make seed, or: runner exec -- psql -f sql/seed/NAME.sql",
    "psql": "Open psql with: runner local psql, or on any database: runner exec -- psql",
}


# Shared options come after a command's own in its help, under these headings; by their parameter names.
_SHARED = {
    "Target": ("database", "url", "direct_url", "session_pool", "scratch_url"),
    "Files and history": ("migrations_dirs", "functions_dir", "schema_dir", "history_schema", "ignore"),
    "Limits": (
        "lock_wait",
        "reconnect_wait",
        "lock_timeout_ms",
        "lock_retries",
        "max_blocked",
        "statement_timeout_ms",
        "concurrently_timeout_ms",
        "idle_in_transaction_session_timeout_ms",
    ),
    "Backup": ("backup", "backup_to", "kms_key"),
    "Output": ("as_json", "log_format", "metrics_file"),
}
_FEW = 12  # options that need no headings


class GroupedCommand(click.Command):
    """A command whose help shows its own options first, and those that it shares with others under their topic."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help."""
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        shown = [(p.name, record) for p in options if (record := p.get_help_record(ctx))]
        topics = _SHARED if len(shown) > _FEW else {}
        shared = {name for names in topics.values() for name in names}
        parts = {"Options": [record for name, record in shown if name not in shared]}
        for topic, names in topics.items():
            parts[topic] = [record for name, record in shown if name in names]
        for topic, records in parts.items():
            if records:
                with formatter.section(topic):
                    formatter.write_dl(records)


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
        """Suggest a command if there is none of this name; `help` shows the help.

        Raises: UsageError.
        """
        if args[0] == "help":
            if not args[1:]:
                click.echo(ctx.get_help())
                ctx.exit()
            args = [*args[1:], "--help"]
        if args[0] in ELSEWHERE:
            raise UsageError(f'no such command "{args[0]}"', hint=ELSEWHERE[args[0]])
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = closest(args[0], [*COMMANDS, *ALIASES])
            hint = f" Did you mean {near!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx=ctx) from error
