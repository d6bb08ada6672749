"""What a migration does to the search path does not lead the next run, or the rest of this one, to another history."""

from __future__ import annotations

import pytest

from tests.faults.commands import Command
from tests.faults.filesets import FileSet
from tests.faults.proxy import Fault, Proxy, Step
from tests.faults.wire import Side

_HERE = "DO $$ BEGIN EXECUTE format($f${}$f$, current_database(), current_user); END $$;"
_CHANGES = {
    "of the database": _HERE.format("ALTER DATABASE %1$I SET search_path = app"),
    "of the database, to nothing": _HERE.format("ALTER DATABASE %1$I SET search_path = ''"),
    "of the role": _HERE.format("ALTER ROLE %2$I IN DATABASE %1$I SET search_path = app, public"),
    "by a schema named like the role": _HERE.format("CREATE SCHEMA %2$I"),
    "by such a schema, before all others": _HERE.format(
        "CREATE SCHEMA %2$I; ALTER DATABASE %1$I SET search_path = %2$I, app"
    ),
}


def _lose_the_answer(link):
    link.swallow_answer()
    link.cut(reset=True)


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
@pytest.mark.parametrize("loses", [False, True], ids=["kept", "lost"])
def test_history_stays_where_it_is(world, tmp_path, change, loses):
    FileSet(
        "paths",
        {
            "migrations/0001_app.sql": "CREATE SCHEMA app;\nCREATE TABLE public.a (id int);\n",
            "migrations/0002_path.sql": change,
            "migrations/0003_b.sql": "CREATE TABLE public.b (id int);\n",
        },
    ).write(tmp_path)
    faults = [Fault(Step(Side.CLIENT, 1, None, b"EXECUTE format"), _lose_the_answer)] if loses else []
    with world.database() as database:
        with Proxy(world.address, faults) as proxy:
            done = Command(["migrate"], folder=tmp_path, url=world.url(database, proxy.port)).wait()
            assert done.code == 0, done.err
            assert len(proxy.fired) == loses
        again = Command(["migrate"], folder=tmp_path, url=world.url(database)).wait()
        assert again.code == 0, again.err
        assert "up to date" in again.out
        with world.connect(database) as conn:
            held = conn.execute("SELECT schemaname FROM pg_tables WHERE tablename = '_yoyo_migration'")
            assert held.fetchall() == [("public",)]
            assert conn.execute("SELECT count(*) FROM public._yoyo_log").fetchone() == (3,)
