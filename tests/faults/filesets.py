"""Sets of migrations for fault trials: small, each with something that can go wrong in its own way.

Their data holds no value of a sequence or a clock, so that a repeated attempt gives the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LOOSE = re.compile("^-- (transactional: false|batch:)", re.MULTILINE)


@dataclass(frozen=True)
class FileSet:
    """Files of a project, and what was there before them."""

    name: str
    files: Mapping[str, str]  # by path
    earlier: Mapping[str, str] = field(
        default_factory=dict
    )  # files applied, in this form, before a trial begins

    @property
    def loose(self) -> frozenset[str]:
        """The ids of files that are not one transaction, of which a fault may leave a part."""
        return frozenset(
            Path(name).stem.removesuffix(".rollback")
            for name, text in self.files.items()
            if _LOOSE.search(text)
        )

    def write(self, folder: Path, *, earlier: bool = False) -> None:
        """Write the files, or those of before, below `folder`."""
        for name, text in (self.earlier if earlier else self.files).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def _migrations(*files: tuple[str, str, str]) -> dict[str, str]:
    return {
        f"migrations/{id_}{suffix}": text
        for id_, up, down in files
        for suffix, text in ((".sql", up), (".rollback.sql", down))
    }


_DOUBLED = (
    "CREATE OR REPLACE FUNCTION doubled(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * {}';\n"
)
_PEOPLE = (
    "0001_people",
    (
        "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);\n"
        "INSERT INTO people SELECT n, 'person ' || n FROM generate_series(1, 40) AS n;\n"
    ),
    "DROP TABLE people;\n",
)

MIXED = FileSet(
    "mixed",
    {
        "sql/functions/doubled.sql": _DOUBLED.format("2"),
        "sql/functions/doubled.rollback.sql": "DROP FUNCTION doubled(int);\n",
        **_migrations(
            _PEOPLE,
            (
                "0002_orders",
                (
                    "CREATE TABLE orders (\n    id int PRIMARY KEY,\n"
                    "    person_id int REFERENCES people DEFERRABLE INITIALLY DEFERRED\n);\n"
                    "INSERT INTO orders VALUES (1, 41);\nINSERT INTO people VALUES (41, 'late');\n"
                ),
                "DROP TABLE orders;\nDELETE FROM people WHERE id = 41;\n",
            ),
            (
                "0003_more",
                "COPY people (id, name) FROM stdin;\n50\tfifty\n51\t\\N1\n\\.\nUPDATE people SET name = 'é' WHERE id = 51;\n",
                "DELETE FROM people WHERE id > 49;\n",
            ),
            (
                "0004_total",
                (
                    "ALTER TABLE orders ADD COLUMN total int NOT NULL DEFAULT 0;\nUPDATE orders SET total = doubled(id);\n"
                    "CREATE INDEX orders_total_idx ON orders (total);\nSET search_path = '';\n"
                ),
                "ALTER TABLE orders DROP COLUMN total;\n",
            ),
            ("0005_view", "CREATE VIEW totals AS SELECT sum(total) FROM orders;\n", "DROP VIEW totals;\n"),
        ),
    },
)

# Above 1 MiB a file travels in several messages of one transaction.
BIG = FileSet(
    "big",
    _migrations(
        _PEOPLE,
        (
            "0002_texts",
            "CREATE TABLE texts (id int NOT NULL, body text);\n"
            + "".join(f"INSERT INTO texts VALUES ({n}, '{'x' * 16_000}');\n" for n in range(70)),
            "DROP TABLE texts;\n",
        ),
        (
            "0003_key",
            "ALTER TABLE texts ADD PRIMARY KEY (id);\n",
            "ALTER TABLE texts DROP CONSTRAINT texts_pkey;\n",
        ),
    ),
)

# The function is applied already and has changed; a migration has come too.
CHANGED = FileSet(
    "changed",
    {
        "sql/functions/doubled.sql": _DOUBLED.format("1 * 2"),
        "sql/functions/doubled.rollback.sql": "DROP FUNCTION doubled(int);\n",
        **_migrations(
            _PEOPLE,
            ("0002_more", "INSERT INTO people VALUES (99, 'more');\n", "DELETE FROM people WHERE id = 99;\n"),
        ),
    },
    earlier={
        "sql/functions/doubled.sql": _DOUBLED.format("2"),
        "sql/functions/doubled.rollback.sql": "DROP FUNCTION doubled(int);\n",
        **_migrations(_PEOPLE),
    },
)

LOOSE = FileSet(
    "loose",
    _migrations(
        _PEOPLE,
        (
            "0002_indexes",
            (
                "-- transactional: false\nCREATE INDEX CONCURRENTLY people_name_idx ON people (name);\n"
                "CREATE UNIQUE INDEX CONCURRENTLY people_name_key ON people (name, id);\nVACUUM people;\n"
            ),
            "-- transactional: false\nDROP INDEX CONCURRENTLY people_name_key;\nDROP INDEX CONCURRENTLY people_name_idx;\n",
        ),
        ("0003_more", "INSERT INTO people VALUES (99, 'more');\n", "DELETE FROM people WHERE id = 99;\n"),
    ),
)

# Each file waits at its gate, an advisory lock of its number, until it is opened; several of them travel in one message.
GATED = FileSet(
    "gated",
    _migrations(
        *(
            (
                f"000{n}_gate",
                f"CREATE TABLE t{n} (id int);\nSELECT pg_advisory_xact_lock_shared({n});\nINSERT INTO t{n} VALUES ({n});\n",
                f"SELECT pg_advisory_xact_lock_shared({n});\nDROP TABLE t{n};\n",
            )
            for n in range(1, 8)
        )
    ),
)
