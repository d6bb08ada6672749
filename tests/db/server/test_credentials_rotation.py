"""From Secrets Manager to a session, with the password rotated between the two."""

from __future__ import annotations

import json
from contextlib import closing

import botocore.session
import psycopg
import pytest
from moto.server import ThreadedMotoServer
from psycopg import sql

from runner.errors import CredentialsError
from runner.server import connection
from runner.settings import load

IDENTITY = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
BEFORE, AFTER = "before @:/?#%&'\" \\ é", "after @:/?#%&'\" \\ ß"


@pytest.fixture
def manager():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    session = botocore.session.Session()
    session.set_credentials(IDENTITY["AWS_ACCESS_KEY_ID"], IDENTITY["AWS_SECRET_ACCESS_KEY"])
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = session.create_client("secretsmanager", endpoint_url=endpoint, region_name="eu-west-1")
    yield client
    client.close()
    server.stop()


def test_a_password_rotated_between_fetch_and_connect(private_server, manager, tmp_path):
    def secret(password):
        keys = {"username": "app", "host": private_server["host"], "port": private_server["port"]}
        return json.dumps({**keys, "password": password, "dbname": "postgres", "engine": "postgres"})

    def set_password(password):
        with psycopg.connect(**private_server, autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER ROLE app PASSWORD {}").format(password))

    with psycopg.connect(**private_server, autocommit=True) as admin:
        admin.execute("CREATE ROLE app LOGIN")
    set_password(BEFORE)
    arn = manager.create_secret(Name="rotating", SecretString=secret(BEFORE))["ARN"]
    environ = {**IDENTITY, "AWS_ENDPOINT_URL": manager.meta.endpoint_url, "DB_SECRET_ARN": arn}
    target = connection.locate(load(environ=environ, project=tmp_path, flags={}), None)
    connection.connect(target).close()

    set_password(AFTER)
    with pytest.raises(CredentialsError) as caught:
        connection.connect(target)
    assert "password authentication failed for user 'app'" in caught.value.message
    manager.put_secret_value(SecretId=arn, SecretString=secret(AFTER))
    with closing(connection.connect(target)) as session:
        assert session.execute("SELECT current_user").fetchone() == ("app",)
