"""The server's disk is full: the file is rolled back whole, and once there is room the next run goes on."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager

import pytest
from psycopg import sql

from tests.faults.commands import Command
from tests.faults.filesets import FileSet
from tests.faults.world import World

_FILES = FileSet(
    "disk",
    {
        "migrations/0001_a.sql": "CREATE TABLE a (id int);\n",
        "migrations/0002_much.sql": (
            "CREATE TABLE much (body text);\n"
            "INSERT INTO much SELECT string_agg(md5(n::text || m::text), '')"
            " FROM generate_series(1, 600) AS n, generate_series(1, 1500) AS m GROUP BY n;\n"
        ),
        "migrations/0003_b.sql": "CREATE TABLE b (id int);\n",
    },
)


@contextmanager
def small_disk(path, size):
    """Mount a disk of its own in memory; yield a way to make it larger."""
    path.mkdir(parents=True, exist_ok=True)
    option = ["-o", f"size={size}"]
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", *option, "tmpfs", path], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield lambda larger: subprocess.run(["mount", "-o", f"remount,size={larger}", path], check=True)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def give_to_the_servers_user(world, path):
    owner = world.server.data.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(0o700)


def applied(world, database):
    with world.connect(database) as conn:
        return [
            row[0] for row in conn.execute("SELECT migration_id FROM _yoyo_migration ORDER BY applied_at_utc")
        ]


def test_of_the_tables_is_an_error_like_another(world, tmp_path):
    _FILES.write(tmp_path)
    disk = world.folder / "disk"
    with small_disk(disk, "24m") as enlarge, world.database() as database:
        give_to_the_servers_user(world, disk)
        with world.connect() as admin:
            admin.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(disk)))
            move = sql.SQL("ALTER DATABASE {} SET TABLESPACE small")
            admin.execute(move.format(sql.Identifier(database)))
        url = world.url(database)
        done = Command(["migrate"], folder=tmp_path, url=url).wait()
        assert done.code == 1
        assert "No space left on device" in done.err
        assert "the migration was rolled back whole. 1 later step not begun." in done.err
        assert applied(world, database) == ["0001_a"]
        with world.connect(database) as conn:
            assert conn.execute("SELECT to_regclass('much')").fetchone() == (None,)
        enlarge("200m")
        assert Command(["migrate"], folder=tmp_path, url=url).wait().code == 0
        assert applied(world, database) == ["0001_a", "0002_much", "0003_b"]
        with world.connect() as admin:
            admin.execute(
                sql.SQL("ALTER DATABASE {} SET TABLESPACE pg_default").format(sql.Identifier(database))
            )
            admin.execute("DROP TABLESPACE small")


def test_of_the_log_brings_the_server_down_and_the_run_says_so(tmp_path):
    _FILES.write(tmp_path)
    with World.make() as world, world.database() as database:
        world.server.stop()
        log = world.server.data / "pg_wal"
        with small_disk(world.folder / "log", "40m") as enlarge:
            subprocess.run(["mv", log, world.folder / "log/pg_wal"], check=True)
            log.symlink_to(world.folder / "log/pg_wal")
            give_to_the_servers_user(world, world.folder / "log")
            world.server.start(tcp=True)
            url = world.url(database)
            done = Command(["migrate", "--reconnect-wait", "1"], folder=tmp_path, url=url).wait()
            assert done.code == 4, done.err
            assert "connection" in done.err
            enlarge("400m")
            world.server.start(tcp=True)
            assert applied(world, database) == ["0001_a"]
            assert Command(["migrate"], folder=tmp_path, url=url).wait().code == 0
            assert applied(world, database) == ["0001_a", "0002_much", "0003_b"]
            world.server.stop()
            log.unlink()
            subprocess.run(["mv", world.folder / "log/pg_wal", log], check=True)
            world.server.start(tcp=True)
