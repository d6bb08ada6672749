"""The Job's own arguments, environment and exit codes, under its restrictions."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from pathlib import Path

import botocore.session
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from tests.deploy import container
from tests.deploy.manifests import environment, job_specs, verdict

ROLE = "arn:aws:iam::123456789012:role/carthub-migration"  # of the account that moto keeps its secrets in
REGION = "us-west-2"


@pytest.fixture(scope="module")
def manager():
    """Secrets Manager in the region of the overlay."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    session = botocore.session.Session()
    session.set_credentials("AKIATEST", "test")
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = session.create_client("secretsmanager", endpoint_url=endpoint, region_name=REGION)
    yield client
    client.close()
    server.stop()


@pytest.fixture
def carthub(manager, database, image):
    """The Job of carthub: its arguments and its environment, with what this machine has in place of RDS and IAM."""
    # what the webhook of IRSA adds to the pod: a token that STS takes for the role
    (image.tree / "token").write_text("header.payload.signature")
    irsa = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(container.IMAGE / "token")}
    secret = json.dumps({"username": database["user"], "password": database["password"]})
    arn = manager.create_secret(Name=uuid.uuid4().hex, SecretString=secret)["ARN"]
    (job,) = (job for name, job in job_specs("overlays/carthub").items() if name == "database-migration")
    (pod,) = job["template"]["spec"]["containers"]
    here = {
        "DB_SECRET_ARN": arn, "DB_HOST": database["host"], "DB_PORT": str(database["port"]),
        "DB_DATABASE": database["dbname"], "DB_SSL_MODE": "disable", "DB_SSL_ROOT_CERT": "",
        "AWS_ENDPOINT_URL": manager.meta.endpoint_url, "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    }  # fmt: skip
    assert {"DB_SECRET_ARN", "DB_HOST", "DB_PORT", "DB_DATABASE", "DB_SSL_MODE"} <= {
        e["name"] for e in pod["env"]
    }
    return job, pod["args"], environment(pod, {}) | irsa | here


def test_carthubs_job_reads_its_secret_with_its_role_and_is_done_within_its_limits(image, carthub):
    _, arguments, environ = carthub
    with container.limited(f"runner-test-{uuid.uuid4().hex[:8]}", memory_mib=256, cpu=0.2) as limits:
        if limits is None:
            pytest.skip("this machine lets us make no cgroup")
        began = time.monotonic()
        done = image.run(*arguments, extra=limits.join, **environ)
        elapsed_s = time.monotonic() - began
        peak_mib = limits.peak_mib
    assert done.code == 0, done.err
    assert "6 migrations applied" in done.out
    assert peak_mib < 128
    assert elapsed_s < 30


def test_the_api_servers_job_reads_its_secret(image, database):
    (job,) = (job for name, job in job_specs("overlays/api-server").items() if name == "database-migration")
    (pod,) = job["template"]["spec"]["containers"]
    password = "p@ss:/?#%&'\" é"
    with psycopg.connect(**database, autocommit=True) as admin:
        role = f"role_{uuid.uuid4().hex[:8]}"
        admin.execute(
            psycopg.sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(
                psycopg.sql.Identifier(role), password
            )
        )
    environ = environment(pod, {"username": role, "password": password}) | {
        "DB_HOST": database["host"], "DB_PORT": str(database["port"]), "DB_DATABASE": database["dbname"],
        "DB_SSL_MODE": "disable", "DB_SSL_ROOT_CERT": "",
    }  # fmt: skip
    done = image.run(*pod["args"], **environ)
    with psycopg.connect(**database, autocommit=True) as admin:
        admin.execute(
            psycopg.sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(psycopg.sql.Identifier(role))
        )
    assert done.code == 0, done.err
    assert "schema validated against sql/schema/api_server.sql" in done.out


def _a_file_that_fails(tree: Path) -> None:
    (tree / "migrations/carthub/0006_typo.sql").write_text("SELECT totl FROM orders;\n")
    (tree / "migrations/carthub/0006_typo.rollback.sql").write_text("SELECT 1;\n")


def _a_file_that_was_edited(tree: Path) -> None:
    with (tree / "migrations/carthub/0001_carts.sql").open("a") as file:
        file.write("-- later\n")


@pytest.mark.parametrize(
    ("code", "action", "changed", "edit", "line"),
    [
        pytest.param(1, "FailJob", {}, _a_file_that_fails, 'error: column "totl" does not exist at migrations/', id="1 failed"),
        pytest.param(2, "FailJob", {"DB_PORT": "tcp://10.0.0.9:5432"}, None, "error: DB_PORT is tcp://10", id="2 settings"),
        pytest.param(
            2, "FailJob", {"DB_SSL_MODE": "verify-full", "DB_SSL_ROOT_CERT": "/etc/runner/ca/ca.pem"}, None,
            "error: cannot read /etc/runner/ca/ca.pem, which DB_SSL_ROOT_CERT names", id="2 no ConfigMap",
        ),
        pytest.param(2, "FailJob", {"DB_SECRET_ARN": ""}, None, "error: DB_HOST names no database user", id="2 no Secret"),
        pytest.param(3, "FailJob", {}, _a_file_that_was_edited, "error: 0001_carts was edited", id="3 check"),
        pytest.param(4, "Count", {"DB_PORT": "1"}, None, "error: nothing listens at 127.0.0.1:1 | ", id="4 unreachable"),
    ],
)  # fmt: skip
def test_each_way_to_fail_is_one_line_and_the_jobs_verdict(image, carthub, code, action, changed, edit, line):
    job, arguments, environ = carthub
    assert image.run(*arguments, **environ).code == 0
    project, log = (image.tree / f"{what}-{uuid.uuid4().hex[:8]}" for what in ("case", "word"))
    shutil.copytree(image.tree / "app", project)
    if edit is not None:
        edit(project)
    log.touch()
    log.chmod(0o666)
    seen = container.IMAGE / log.name
    done = image.run(
        *arguments,
        extra=f"mount --bind {seen} {seen}; mount -o remount,bind,rw {seen}",
        **environ | changed | {
            "RUNNER_PROJECT": str(container.IMAGE / project.name), "RUNNER_TERMINATION_LOG": str(seen),
            "RUNNER_RECONNECT_WAIT": "0",
        },
    )  # fmt: skip
    assert done.code == code, done.err
    assert verdict(job["podFailurePolicy"], done.code) == action
    assert log.read_text("utf-8").startswith(line)
    assert "\n" not in log.read_text("utf-8")
