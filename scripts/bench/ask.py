"""The least that can ask whether something is to do: psycopg, the files and their checksums, runner's two questions.

Run as a program of its own in a project's folder, with the folder of runner's questions as its argument. It stands
for what Python and psycopg cost by themselves, so it imports nothing of runner.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path

import psycopg

QUERIES = Path(sys.argv[1])
TABLES = [
    "_yoyo_migration",
    "_yoyo_log",
    "_yoyo_version",
    "yoyo_lock",
    "_runner_migration",
    "_runner_journal",
]
NAMES = {
    "migration": "_yoyo_migration",
    "runner": "_runner_migration",
    "lock": "yoyo_lock",
    "journal": "_runner_journal",
    "rows_affected": "rows_affected",
}

files = {
    path.stem: sha256(path.read_bytes()).hexdigest()
    for path in Path("migrations").glob("*.sql")
    if not path.stem.endswith(".rollback")
}
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as conn:
    locate = (QUERIES / "locate.sql").read_bytes()
    conn.execute(locate, {"tables": TABLES, "wanted": None}).fetchone()
    questions = [
        (QUERIES / f"{name}.sql").read_text("utf-8")
        for name in ("applied", "failed", "hook_due", "partial", "yoyo_lock")
    ]
    answers = conn.execute("; ".join(questions).format(**NAMES).encode())
    applied = {row[0]: row[4] for row in answers}
print("up to date" if files.items() <= applied.items() else "something is to do")
