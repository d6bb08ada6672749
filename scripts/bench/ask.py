"""The least that can ask whether something is to do: psycopg, a connection, the two questions that runner asks.

Run as a program of its own, with the folder of runner's questions as its argument. It stands for what Python and
psycopg cost by themselves, so it imports nothing of runner.
"""

from __future__ import annotations

import os
import sys

import psycopg

NAMES = {
    "migration": '"public"."_yoyo_migration"',
    "runner": '"public"."_runner_migration"',
    "lock": '"public"."yoyo_lock"',
}


def question(name: str) -> bytes:
    """Read one of runner's questions."""
    with open(os.path.join(sys.argv[1], f"{name}.sql"), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - no pathlib
        return file.read().format(**NAMES).encode() if name != "locate" else file.read().encode()


with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as conn:
    tables = [
        "_yoyo_migration",
        "_yoyo_log",
        "_yoyo_version",
        "yoyo_lock",
        "_runner_migration",
        "_runner_journal",
    ]
    conn.execute(question("locate"), {"tables": tables, "wanted": None}).fetchone()
    answers = conn.execute(
        b"; ".join(question(name) for name in ("applied", "yoyo_lock", "failed", "hook_due"))
    )
    print(len(answers.fetchall()), "applied")
