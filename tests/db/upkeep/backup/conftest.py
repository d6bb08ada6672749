"""A project with data, the client programs, and an S3 of the test's own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import psycopg
import pytest
from moto.server import ThreadedMotoServer
from psycopg import sql

from runner.server.local import installed
from tests import botocore_data
from tests.conftest import scratch_database
from tests.db.engine.conftest import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "aws-secret-key", "AWS_REGION": "eu-west-1"}
ROWS = 40_000
_LONGEST_S = 60.0

botocore_data.remember()


def until(fits: Callable[[], object]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + _LONGEST_S
    while not fits():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pg_dump and pg_restore that fit the test server."""
    return installed.find(os.environ, tmp_path_factory.mktemp("programs")).bin


def _project(folder: Path, database: dict[str, str]) -> Project:
    made = Project(folder, database)
    made.write(
        "0001_notes",
        "CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL);\n"
        "CREATE VIEW short AS SELECT id FROM notes WHERE length(body) < 10;\n",
        "DROP VIEW short; DROP TABLE notes;\n",
    )
    return made


@pytest.fixture(scope="session")
def template(server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated database whose table holds a few megabytes that do not compress well."""
    with scratch_database(server) as parameters:
        made = _project(tmp_path_factory.mktemp("template"), parameters)
        made.ok("migrate")
        made.query(
            "INSERT INTO notes SELECT n, md5(n::text) || md5((n + 1)::text) || 'é' FROM generate_series(1, %s) AS n",
            [ROWS],
        )
        yield parameters["dbname"]


@pytest.fixture
def database(server: dict[str, str], template: str) -> Iterator[dict[str, str]]:
    """Connection parameters of a copy of the template."""
    with scratch_database(server, template=template) as parameters:
        yield parameters


@pytest.fixture
def project(tmp_path: Path, database: dict[str, str], programs: Path) -> Iterator[Project]:
    """A migrated project with data."""
    made = _project(tmp_path / "project", database)
    made.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    yield made
    with psycopg.connect(**{**database, "dbname": "postgres"}, autocommit=True) as admin:
        pattern = database["dbname"] + "\\_%"
        names = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [pattern]).fetchall()
        for (name,) in names:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def archive(project: Project, tmp_path: Path) -> Path:
    """A backup of the project's database, in a folder."""
    project.ok("backup", "--to", str(tmp_path / "kept"))
    (found,) = (tmp_path / "kept").glob("*.dump")
    return found


@pytest.fixture
def restored(project: Project) -> Project:
    """The database that a test restores into; it is not there yet."""
    name = project.parameters["dbname"] + "_restored"
    return Project(project.root, {**project.parameters, "dbname": name}, project.environ)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 over HTTP."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def s3(endpoint: str, project: Project, tmp_path: Path) -> Iterator[Any]:
    """A client of the test's own for an empty bucket `keep`; the project's commands use the same S3."""
    project.environ |= {
        **KEYS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    session = botocore.session.Session()
    session.set_credentials("AKIATEST", "aws-secret-key")
    client = session.create_client("s3", endpoint_url=endpoint, region_name="eu-west-1")
    client.create_bucket(Bucket="keep", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client
    for upload in client.list_multipart_uploads(Bucket="keep").get("Uploads", ()):
        client.abort_multipart_upload(Bucket="keep", Key=upload["Key"], UploadId=upload["UploadId"])
    for held in client.list_objects_v2(Bucket="keep").get("Contents", ()):
        client.delete_object(Bucket="keep", Key=held["Key"])
    client.delete_bucket(Bucket="keep")
    client.close()
