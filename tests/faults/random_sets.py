"""Random sets of migrations that lead back the way they came, of every kind of file that there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.faults.filesets import FileSet

_CONCURRENTLY = "-- transactional: false\n"


@dataclass
class _Table:
    name: str
    rows: int = 0  # ids from 1 to this are there
    things: int = 0  # columns, indexes and views made so far


@dataclass
class _Writer:
    """Writes one file after the other, each on what the ones before it made."""

    random: Random
    files: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)

    def add(self, up: str, down: str) -> None:
        number = len(self.ids) + 1
        id_ = f"{number:04}_step"
        depends = (
            f"-- depends: {self.random.choice(self.ids)}\n" if self.ids and self.random.random() < 0.3 else ""
        )
        self.files[f"migrations/{id_}.sql"] = depends + up
        self.files[f"migrations/{id_}.rollback.sql"] = down
        self.ids.append(id_)

    def table(self) -> _Table:
        return self.random.choice(self.tables)

    def thing(self, table: _Table) -> str:
        table.things += 1
        return f"{table.name}_{table.things}"

    def new_ids(self, table: _Table) -> tuple[int, int]:
        first = table.rows + 1
        table.rows += self.random.randint(1, 40)
        return first, table.rows


def _create(w: _Writer) -> None:
    table = _Table(f"t{len(w.tables)}")
    w.tables.append(table)
    _, last = w.new_ids(table)
    w.add(
        f"CREATE TABLE {table.name} (id int PRIMARY KEY, note text NOT NULL DEFAULT 'é');\n"
        f"INSERT INTO {table.name} SELECT n FROM generate_series(1, {last}) AS n;\n",
        f"DROP TABLE {table.name};\n",
    )


def _insert(w: _Writer) -> None:
    table = w.table()
    first, last = w.new_ids(table)
    w.add(
        f"INSERT INTO {table.name} (id) SELECT n FROM generate_series({first}, {last}) AS n;\n",
        f"DELETE FROM {table.name} WHERE id BETWEEN {first} AND {last};\n",
    )


def _copy_in(w: _Writer) -> None:
    table = w.table()
    first, last = w.new_ids(table)
    rows = "".join(f"{n}\trow {n}\n" for n in range(first, last + 1))
    w.add(
        f"COPY {table.name} (id, note) FROM stdin;\n{rows}\\.\n",
        f"DELETE FROM {table.name} WHERE id BETWEEN {first} AND {last};\n",
    )


def _copy_file(w: _Writer) -> None:
    table = w.table()
    first, last = w.new_ids(table)
    name = f"data/{w.thing(table)}.csv"
    w.files[name] = "".join(f'{n},"row {n}"\n' for n in range(first, last + 1))
    w.add(
        f"-- copy: {table.name} (id, note) from {name}\n",
        f"DELETE FROM {table.name} WHERE id BETWEEN {first} AND {last};\n",
    )


def _column(w: _Writer) -> None:
    table = w.table()
    name = w.thing(table)
    w.add(
        f"ALTER TABLE {table.name} ADD COLUMN {name} int NOT NULL DEFAULT 7;\nUPDATE {table.name} SET {name} = id;\n",
        f"ALTER TABLE {table.name} DROP COLUMN {name};\n",
    )


def _index(w: _Writer) -> None:
    table = w.table()
    name = w.thing(table)
    w.add(f"CREATE INDEX {name} ON {table.name} (note);\nSET search_path = '';\n", f"DROP INDEX {name};\n")


def _view(w: _Writer) -> None:
    table = w.table()
    name = w.thing(table)
    w.add(f"CREATE VIEW {name} AS SELECT count(*) FROM {table.name};\n", f"DROP VIEW {name};\n")


def _deferred(w: _Writer) -> None:
    table = w.table()
    name = w.thing(table)
    w.add(
        f"CREATE TABLE {name} (parent int REFERENCES {table.name} DEFERRABLE INITIALLY DEFERRED);\n"
        f"INSERT INTO {name} VALUES (-1);\nINSERT INTO {table.name} (id) VALUES (-1);\n"
        f"DELETE FROM {name};\nDELETE FROM {table.name} WHERE id = -1;\n",
        f"DROP TABLE {name};\n",
    )


def _large(w: _Writer) -> None:
    table = w.table()
    name = w.thing(table)
    lines = (f"INSERT INTO {name} VALUES ({n}, '{'x' * 16_000}');\n" for n in range(70))
    w.add(f"CREATE TABLE {name} (id int, body text);\n{''.join(lines)}", f"DROP TABLE {name};\n")


def _indexes_concurrently(w: _Writer) -> None:
    table = w.table()
    one, two = w.thing(table), w.thing(table)
    parallel = w.random.choice(["", "-- parallel: 2\n"])
    w.add(
        f"{_CONCURRENTLY}{parallel}CREATE INDEX CONCURRENTLY {one} ON {table.name} (note);\n"
        f"CREATE UNIQUE INDEX CONCURRENTLY {two} ON {table.name} (id, note);\n",
        f"{_CONCURRENTLY}DROP INDEX CONCURRENTLY {two};\nDROP INDEX CONCURRENTLY {one};\n",
    )


def _statement_by_statement(w: _Writer) -> None:
    table = w.table()
    first, last = w.new_ids(table)
    w.add(
        f"{_CONCURRENTLY}INSERT INTO {table.name} (id) SELECT n FROM generate_series({first}, {last}) AS n;\n"
        f"BEGIN;\nUPDATE {table.name} SET note = note || '!' WHERE id = {first};\n"
        f"UPDATE {table.name} SET note = note || '?' WHERE id = {last};\nCOMMIT;\nVACUUM {table.name};\n",
        f"{_CONCURRENTLY}DELETE FROM {table.name} WHERE id BETWEEN {first} AND {last};\nVACUUM {table.name};\n",
    )


def _batches(w: _Writer) -> None:
    table = w.table()
    mark = f"+{len(w.ids)}"
    few = f"SELECT id FROM {table.name} WHERE note NOT LIKE '%{mark}' ORDER BY id LIMIT 10"
    w.add(
        f"-- batch: true\nUPDATE {table.name} SET note = note || '{mark}' WHERE id IN ({few});\n",
        f"UPDATE {table.name} SET note = left(note, -{len(mark)});\n",
    )


def _moves(w: _Writer) -> None:
    """The tags of its first repeats count no row, though each moves ten."""
    table = w.table()
    name = w.thing(table)
    w.add(f"CREATE TABLE {name} (LIKE {table.name});\n", f"DROP TABLE {name};\n")
    few = f"SELECT id FROM {table.name} ORDER BY id LIMIT 10"
    middle = table.rows // 2
    w.add(
        f"-- batch: true\nWITH moved AS (DELETE FROM {table.name} WHERE id IN ({few}) RETURNING *),\n"
        f"    low AS (INSERT INTO {name} SELECT * FROM moved WHERE id <= {middle})\n"
        f"    INSERT INTO {name} SELECT * FROM moved WHERE id > {middle};\n",
        f"INSERT INTO {table.name} SELECT * FROM {name};\nDELETE FROM {name};\n",
    )


def _session(w: _Writer) -> None:
    """What follows is right only in the session's own search_path, which no plain SET had set."""
    table = w.table()
    name = w.thing(table)
    set_up = w.random.choice(
        [
            f"DO $$ BEGIN PERFORM set_config('search_path', 's_{name}, public', false); END $$;",
            f"BEGIN;\nSET search_path = s_{name}, public;\nCOMMIT;",
            f"UPDATE pg_settings SET setting = 's_{name}, public' WHERE name = 'search_path';",
        ]
    )
    w.add(
        f"{_CONCURRENTLY}CREATE SCHEMA s_{name};\n{set_up}\nCREATE TABLE {name} (id int);\n"
        f"INSERT INTO {name} SELECT id FROM {table.name};\nVACUUM {name};\nCREATE INDEX CONCURRENTLY ON {name} (id);\n",
        f"{_CONCURRENTLY}DROP TABLE s_{name}.{name};\nDROP SCHEMA s_{name};\n",
    )


def _reindex(w: _Writer) -> None:
    table = w.table()
    name = w.thing(table)
    w.add(
        f"{_CONCURRENTLY}CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table.name} (note, id);\n"
        f"REINDEX INDEX CONCURRENTLY {name};\nREINDEX TABLE CONCURRENTLY {table.name};\n",
        f"{_CONCURRENTLY}DROP INDEX CONCURRENTLY {name};\n",
    )


def _rows_in_parallel(w: _Writer) -> None:
    table = w.table()
    ranges = [w.new_ids(table) for _ in range(4)]
    inserts = "".join(
        f"INSERT INTO {table.name} (id) SELECT n FROM generate_series({first}, {last}) AS n;\n"
        for first, last in ranges
    )
    w.add(
        f"{_CONCURRENTLY}-- parallel: 3\n{inserts}",
        f"DELETE FROM {table.name} WHERE id BETWEEN {ranges[0][0]} AND {ranges[-1][1]};\n",
    )


_KINDS: tuple[tuple[Callable[[_Writer], None], int], ...] = (
    (_create, 3),
    (_insert, 3),
    (_copy_in, 2),
    (_copy_file, 2),
    (_column, 3),
    (_index, 2),
    (_view, 2),
    (_deferred, 2),
    (_large, 1),
    (_indexes_concurrently, 3),
    (_statement_by_statement, 3),
    (_batches, 2),
    (_moves, 2),
    (_session, 2),
    (_reindex, 2),
    (_rows_in_parallel, 2),
)


def random_set(random: Random) -> FileSet:
    """Return two to six migrations and perhaps a repeatable."""
    writer = _Writer(random)
    _create(writer)
    kinds, weights = zip(*_KINDS, strict=True)
    for kind in random.choices(kinds, weights, k=random.randint(1, 5)):
        kind(writer)
    if random.random() < 0.5:
        after = f"-- depends: {random.choice(writer.ids)}\n" if random.random() < 0.5 else ""
        writer.files["sql/functions/one.sql"] = (
            f"{after}CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
        )
        writer.files["sql/functions/one.rollback.sql"] = "DROP FUNCTION one();\n"
    return FileSet("random", writer.files)
