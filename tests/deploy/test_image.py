"""The Dockerfile by its text, and what it builds by running it under a container's restrictions."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.deploy import container, dockerfile
from tests.deploy.dockerfile import ROOT

BUILD, LAST = dockerfile.stages()


def parts(database):
    """Return the variables that lead to a database, one by one."""
    return {
        "DB_HOST": database["host"],
        "DB_PORT": str(database["port"]),
        "DB_USERNAME": database["user"],
        "DB_PASSWORD": database["password"],
        "DB_DATABASE": database["dbname"],
        "RUNNER_DATABASE": "carthub",
    }


def test_hadolint_has_nothing_to_say():
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_user_is_a_number_and_the_command_is_migrate():
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", dockerfile.only(LAST, "USER"))
    assert dockerfile.only(LAST, "ENTRYPOINT") == '["runner"]'
    assert dockerfile.only(LAST, "CMD") == '["migrate"]'


def test_what_is_installed_is_checked_by_hash_and_no_compiler_is():
    installs = [
        part
        for each in BUILD
        if each.word == "RUN"
        for part in each.rest.split(" && ")
        if " install " in part
    ]
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert not re.search(r"\b(gcc|build-essential|libpq-dev)\b", (ROOT / "Dockerfile").read_text("utf-8"))
    assert dockerfile.environment(BUILD)["PIP_NO_CACHE_DIR"] == "1"
    assert all(each.word != "ADD" for each in BUILD + LAST)


def test_history_is_told_the_commit_and_labels_say_it():
    assert dockerfile.environment(LAST)["RUNNER_GIT_COMMIT"] == "${GIT_COMMIT}"
    labels = dockerfile.only(LAST, "LABEL")
    assert 'org.opencontainers.image.version="${VERSION}"' in labels
    assert 'org.opencontainers.image.revision="${GIT_COMMIT}"' in labels


def test_the_context_holds_what_is_copied_and_no_development_data():
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    copied = {
        source
        for each in BUILD + LAST
        if each.word == "COPY" and "--from" not in each.rest
        for source in each.rest.split()[:-1]
    }
    assert copied == {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / source).exists() for source in copied)
    assert "sql/seed" in lines


def test_the_compose_file_is_valid_and_its_migration_is_as_restricted_as_the_job():
    import yaml

    program = Path(sys.executable).with_name("check-jsonschema")
    schema = ["--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([program, *schema, ROOT / "docker-compose.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    assert services["postgres"]["image"] == "postgres:15"
    assert services["migrate"]["read_only"] is True
    assert services["migrate"]["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in services["postgres"]["ports"])


@pytest.mark.parametrize("uid", [container.UID, 54321], ids=["the image's user", "any user"])
def test_it_migrates_from_a_read_only_tree(image, database, uid):
    done = image.run("migrate", uid=uid, RUNNER_GIT_COMMIT="c0ffee", **parts(database))
    assert done.code == 0, done.err
    assert "schema validated against sql/schema/carthub.sql" in done.out
    with psycopg.connect(**database) as connection:
        recorded = connection.execute("SELECT DISTINCT actor, git_commit FROM _runner_migration").fetchall()
    assert recorded == [(f"uid {uid}", "c0ffee")]
    again = image.run("migrate", uid=uid, **parts(database))
    assert (again.code, "up to date, nothing was written" in again.out) == (0, True)


def test_everything_was_compiled_when_it_was_built_and_is_not_compared_with_its_source(image):
    sources = [path for path in image.tree.rglob("*.py") if "lib" in path.parts]
    compiled = {Path(importlib.util.source_from_cache(str(path))): path for path in image.tree.rglob("*.pyc")}
    assert len(sources) > 500
    assert set(sources) == set(compiled)
    # PEP 552: the second word of a compiled module says how it is checked; 1 is by hash, unchecked
    assert {path.read_bytes()[4:8] for path in compiled.values()} == {b"\x01\0\0\0"}


def test_only_the_services_that_are_asked_are_in_it(image):
    (data,) = image.tree.glob("opt/runner/lib/python3.*/site-packages/botocore/data")
    services = {path.name for path in data.iterdir() if path.is_dir()}
    assert services == {"s3", "secretsmanager", "sso", "sso-oidc", "sts"}
    asked = (ROOT / "runner/server/credentials").glob("*.py")
    created = set(
        re.findall(r'create_client\(\s*"(\w+)"', "".join(path.read_text("utf-8") for path in asked))
    )
    assert created
    assert created <= services


def test_without_a_target_it_says_what_to_set_and_starts_no_server(image):
    done = image.run("migrate")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: no database is configured: set DATABASE_URL or DB_SECRET_ARN\n")


def test_a_url_without_a_user_says_so_to_a_uid_without_a_name(image):
    done = image.run("migrate", RUNNER_DATABASE="carthub", DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert done.code == 2
    assert f"names no database user, and this process's uid {container.UID} has no name" in done.err


def test_the_client_programs_run_for_a_uid_without_a_name(image, database):
    if not list(Path("/usr/lib/postgresql").glob("*/bin/pg_dump")):
        pytest.skip("PostgreSQL's programs are not installed as Debian installs them")
    done = image.run("exec", "--", "pg_dump", "--schema-only", "--file=/tmp/x", uid=54321, **parts(database))
    assert (done.code, done.err) == (0, "")
    which = image.run("exec", "--", "sh", "-c", "command -v pg_dump", **parts(database))
    assert re.fullmatch(r"/usr/lib/postgresql/\d+/bin/pg_dump\n", which.out)


def test_process_1_ends_at_sigterm_and_says_what_is_left(image, database):
    command = image.command("wait", "--for", "applied", "--timeout", "5min", **parts(database))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pid = _wait_for(lambda: _running(children))
        began = time.monotonic()
        subprocess.run(["kill", f"-{signal.SIGTERM}", pid], check=True)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 143, said
    assert "stopped by SIGTERM" in said
    assert time.monotonic() - began < 5


def _running(children: Path) -> str | None:
    """Return the process number of runner, once it handles SIGTERM."""
    for pid in children.read_text().split():
        status = Path(f"/proc/{pid}/status").read_text()
        caught = re.search(r"^SigCgt:\t([0-9a-f]+)", status, re.MULTILINE)
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1 and "Name:\trunner" in status:
            return pid
    return None


def _wait_for(condition):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if (found := condition()) is not None:
            return found
        time.sleep(0.02)
    raise TimeoutError
