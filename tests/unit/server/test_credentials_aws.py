"""Secrets Manager and RDS tokens, over HTTP: moto's server, and servers that misbehave."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from runner.errors import ConfigurationError, CredentialsError, UnreachableError
from runner.report.failure import error_as_json, error_as_text
from runner.report.terminal import Style
from runner.server import credentials
from runner.server.credentials import answers, aws, s3
from runner.settings import Secret, load
from tests import botocore_data

pytestmark = pytest.mark.slow

PASSWORD = "@:/?#%&'\" \\ é ß"
RDS = {
    "username": "app", "password": PASSWORD, "engine": "postgres", "host": "db.example", "port": 5433,
    "dbname": "shop", "dbInstanceIdentifier": "shop-1",
}  # fmt: skip
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "aws-secret-key", "AWS_REGION": "eu-west-1"}


botocore_data.remember()


@pytest.fixture(autouse=True)
def _no_identity_of_this_machine(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="module")
def client(endpoint):
    """A client of the tests' own for the same Secrets Manager."""
    session = botocore.session.Session()
    session.set_credentials("AKIATEST", "aws-secret-key")
    client = session.create_client("secretsmanager", endpoint_url=endpoint, region_name="eu-west-1")
    yield client
    client.close()


@pytest.fixture
def manager(client):
    """The client; the test's secrets are deleted after it."""
    yield client
    for secret in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        client.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def environ(endpoint):
    return {**KEYS, "AWS_ENDPOINT_URL": endpoint}


def store(manager, value, name="shop"):
    content = {"SecretBinary": value} if isinstance(value, bytes) else {"SecretString": value}
    return manager.create_secret(Name=name, **content)["ARN"]


def resolve(environ, database=None, **options):
    settings = load(environ=environ, project=None, flags={})
    return credentials.resolve(settings, database, **options)


def refused(environ, kind=CredentialsError):
    """Resolve, expect an error, and look for secrets wherever it could be shown."""
    with pytest.raises(kind) as caught:
        resolve(environ)
    error = caught.value
    assert type(error) is kind
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__dict__)
    shown += error_as_text(error, Style()) + json.dumps(error_as_json(error))
    for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1], "aws-secret-key", "hunter2"):
        assert secret not in shown
    assert error.hint
    return error


def answering(status, body, *, wait_s=0.0):
    """Serve one answer to every request; return the URL and how often it was asked."""
    asked = []
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            release.wait(wait_s)
            code, content = body() if callable(body) else (status, body)
            with suppress(ConnectionError):  # who gave up waiting has gone
                self.send_response(code)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - http.server's names
        do_PUT = do_POST  # noqa: N815

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # how often it looks whether it is to end, which the test then waits for
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}", asked, release


@pytest.fixture
def serve():
    running = []

    def start(*arguments, **options):
        server, url, asked, release = answering(*arguments, **options)
        running.append((server, release))
        return url, asked

    yield start
    for server, release in running:
        release.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("port", [5433, "5433"])
def test_a_secret_as_rds_writes_it_becomes_keywords(manager, environ, port):
    arn = store(manager, json.dumps({**RDS, "port": port}))
    target = resolve({**environ, "DB_SECRET_ARN": arn})
    assert target.conninfo() == {
        "host": "db.example", "port": "5433", "user": "app", "dbname": "shop", "password": PASSWORD,
    }  # fmt: skip
    assert target.source == "DB_SECRET_ARN"
    assert PASSWORD not in repr(target)


def test_a_secret_that_holds_only_username_and_password_is_completed(manager, environ):
    arn = store(manager, json.dumps({"username": "app", "password": PASSWORD}))
    given = {**environ, "DB_SECRET_ARN": arn}
    error = refused(given)
    assert error.message == 'the secret that DB_SECRET_ARN names has no "host"'
    assert error.hint.startswith("Set DB_HOST, ")
    target = resolve(
        {**given, "DB_HOST": "db.example", "DB_PORT": "5433", "DB_SSL_MODE": "require"}, "carthub", only=False
    )
    assert dict(target.parameters) == {
        "user": "app", "host": "db.example", "port": "5433", "sslmode": "require", "dbname": "carthub",
    }  # fmt: skip


def test_the_secret_beats_its_companions_except_for_the_database(manager, environ):
    arn = store(manager, json.dumps(RDS))
    target = resolve(
        {**environ, "DB_SECRET_ARN": arn, "DB_HOST": "other", "DB_USERNAME": "other", "DB_DATABASE": "chosen"}
    )
    assert (target.parameters["host"], target.parameters["user"], target.name) == (
        "db.example",
        "app",
        "chosen",
    )


def test_the_database_may_be_called_database_and_each_may_have_its_secret(manager, environ):
    general = store(manager, json.dumps(RDS), "general")
    own = store(
        manager, json.dumps({**{key: RDS[key] for key in RDS if key != "dbname"}, "database": "carts"}), "own"
    )
    both = {**environ, "DB_SECRET_ARN": general, "CARTHUB_DB_SECRET_ARN": own}
    assert resolve(both, "carthub", only=False).name == "carts"
    with pytest.raises(
        ConfigurationError, match="DB_SECRET_ARN names the database 'shop', but this run is for several"
    ):
        resolve(both, "api_server", only=False)


def test_a_plain_name_is_looked_up_in_the_region_of_the_environment(manager, environ):
    store(manager, json.dumps(RDS), "plain")
    assert resolve({**environ, "DB_SECRET_ARN": "plain"}).name == "shop"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_names_the_region(manager, environ, variable):
    store(manager, json.dumps(RDS), "plain")
    given = {key: value for key, value in environ.items() if key != "AWS_REGION"}
    assert resolve({**given, variable: "eu-west-1", "DB_SECRET_ARN": "plain"}).name == "shop"
    assert (
        "there is no secret plain"
        in refused({**given, variable: "us-east-2", "DB_SECRET_ARN": "plain"}).message
    )


def test_the_region_in_an_arn_beats_the_environment(manager, environ):
    arn = store(manager, json.dumps(RDS))
    assert ":eu-west-1:" in arn
    assert resolve({**environ, "AWS_REGION": "us-east-2", "DB_SECRET_ARN": arn}).name == "shop"


def test_an_endpoint_for_this_service_alone_beats_the_general_one(manager, environ):
    arn = store(manager, json.dumps(RDS))
    own = {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": environ["AWS_ENDPOINT_URL"],
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    assert resolve({**environ, **own, "DB_SECRET_ARN": arn}).name == "shop"


def test_a_rotated_password_is_found_by_refreshing(manager, environ):
    arn = store(manager, json.dumps({**RDS, "password": "before"}))
    target = resolve({**environ, "DB_SECRET_ARN": arn})
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({**RDS, "password": PASSWORD}))
    assert target.password == Secret("before")
    assert target.refresh().password == Secret(PASSWORD)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(b"hunter2", "is binary", id="binary"),
        pytest.param("hunter2", "is not JSON", id="text"),
        pytest.param('{"password": "hunter2"', "is not JSON", id="cut off"),
        pytest.param('["hunter2"]', "is JSON, but not an object", id="list"),
        pytest.param('{"password": "hunter2"}', 'has no "username"', id="no username"),
        pytest.param(
            '{"username": "app", "host": "h"}', 'has no "password", or one that is not text', id="no password"
        ),
        pytest.param(
            '{"username": "app", "password": ["hunter2"]}',
            'has no "password", or one that is not text',
            id="odd password",
        ),
        pytest.param('{"username": "app", "password": "hunter2"}', 'has no "host"', id="no host"),
        pytest.param(
            json.dumps({**RDS, "engine": "mysql"}), "is for mysql, not for PostgreSQL", id="other engine"
        ),
        pytest.param(json.dumps({**RDS, "host": ["hunter2"]}), '"host" in the secret', id="odd host"),
    ],
)
def test_a_secret_of_another_shape_is_explained_without_being_shown(manager, environ, value, message):
    error = refused({**environ, "DB_SECRET_ARN": store(manager, value)})
    assert message in error.message
    assert error.exit_code == 2


def test_a_port_that_is_none_is_refused(manager, environ):
    arn = store(manager, json.dumps({**RDS, "port": "http"}))
    error = refused({**environ, "DB_SECRET_ARN": arn}, ConfigurationError)
    assert error.message == "the port in the secret that DB_SECRET_ARN names is not a number from 1 to 65535"


def test_a_secret_that_is_not_there(environ):
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:missing-abcdef"
    error = refused({**environ, "CARTHUB_DB_SECRET_ARN": "x", "DB_SECRET_ARN": arn})
    assert error.message == f"there is no secret {arn}, or it has no current value"
    assert (error.exit_code, error.hint) == (
        2,
        "Correct DB_SECRET_ARN, and AWS_REGION if it is not a full ARN.",
    )


def test_a_secret_that_is_about_to_be_deleted(manager, environ):
    arn = store(manager, json.dumps(RDS))
    manager.delete_secret(SecretId=arn)
    assert "cannot be read in its current state" in refused({**environ, "DB_SECRET_ARN": arn}).message


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "AccessDeniedException", "AWS does not let us read the secret shop", CredentialsError),
        (400, "UnrecognizedClientException", "AWS refuses our credentials", CredentialsError),
        (400, "ExpiredTokenException", "AWS refuses our credentials", CredentialsError),
        (400, "DecryptionFailure", "the secret shop cannot be decrypted", CredentialsError),
        (400, "SomethingNewException", "Secrets Manager refuses the request for shop", CredentialsError),
        *[
            (400, code, "Secrets Manager is busy or failing", UnreachableError)
            for code in (
                "ThrottlingException",
                "TooManyRequestsException",
                "InternalServiceError",
                "RequestTimeout",
            )
        ],
        (500, "InternalServiceError", "Secrets Manager is busy or failing", UnreachableError),
        (429, "SomethingNewException", "Secrets Manager is busy or failing", UnreachableError),
    ],
)
def test_each_refusal_of_aws_has_its_message(serve, monkeypatch, status, code, message, kind):
    monkeypatch.setattr(answers, "PATIENCE_S", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    body = json.dumps({"__type": code, "message": "User: arn:aws:sts::1:role/x is not authorized"}).encode()
    url, asked = serve(status, body)
    error = refused({**KEYS, "AWS_ENDPOINT_URL": url, "DB_SECRET_ARN": "shop"}, kind)
    assert error.message == message
    assert error.detail.startswith(f"AWS answered {code}: User: arn:aws:sts::1:role/x is not authorized")
    assert error.exit_code == (4 if kind is UnreachableError else 2)
    assert len(asked) in ({1, answers.ATTEMPTS} if kind is UnreachableError else {1})


def botocores_codes():
    """Return the codes that botocore itself tries again, for the services that we call."""
    from botocore.loaders import Loader
    from botocore.retries import standard

    yield from standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES
    yield from standard.TransientRetryableChecker._TRANSIENT_ERROR_CODES
    rules = Loader().load_data("_retry")
    policies = [
        rules["retry"].get(name, {}).get("__default__", {}) for name in ("secretsmanager", "sts", "s3", "rds")
    ]
    found = [
        *rules["definitions"].values(),
        *(p for each in policies for p in each.get("policies", {}).values()),
    ]
    for policy in found:
        code = policy["applies_when"].get("response", {}).get("service_error_code")
        if code is not None:
            yield code


def test_whatever_botocore_tries_again_passes_for_us():
    assert set(botocores_codes()) - answers.PASSING == set()


@pytest.mark.parametrize("code", ["TooManyRequestsException", "IDPCommunicationError", "Throttling"])
def test_an_answer_that_passes_is_waited_for(play, monkeypatch, code):
    """Longer than botocore's own three tries, though not for ever."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr(answers, "_LONGEST_PAUSE_S", 0.01)
    busy = (400, json.dumps({"__type": code}).encode())
    secret = (200, json.dumps({"Name": "shop", "SecretString": json.dumps(RDS)}).encode())
    url, asked = play(*[busy] * (answers.ATTEMPTS + 3), secret)
    assert resolve({**KEYS, "AWS_ENDPOINT_URL": url, "DB_SECRET_ARN": "shop"}).name == "shop"
    assert len(asked) == answers.ATTEMPTS + 4


@pytest.fixture
def play(serve):
    """Serve one answer after the other; the last one stays."""

    def start(*given):
        left = list(given)
        return serve(None, lambda: left.pop(0) if len(left) > 1 else left[0])

    return start


_STS = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>no</Message></Error></ErrorResponse>"


@pytest.fixture
def irsa(tmp_path):
    (tmp_path / "token").write_text("a token")
    return {
        "AWS_REGION": "eu-west-1",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/migrations",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "DB_SECRET_ARN": "shop",
    }


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (403, "AccessDenied", "STS does not let us assume our role", CredentialsError),
        (400, "InvalidIdentityToken", "AWS refuses our credentials", CredentialsError),
        (403, "RegionDisabledException", "STS refuses the request for our identity", CredentialsError),
        (400, "IDPCommunicationError", "STS is busy or failing", UnreachableError),
        (400, "Throttling", "STS is busy or failing", UnreachableError),
    ],
)
@pytest.mark.parametrize("asks", ["secret", "token", "bucket"])
def test_refusals_of_sts_are_told_as_its_own(serve, irsa, monkeypatch, status, code, message, kind, asks):
    monkeypatch.setattr(answers, "PATIENCE_S", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    url, _ = serve(status, _STS.format(code).encode())
    error = asked_with(irsa, url, monkeypatch, kind, asks)
    assert error.message == message
    assert error.exit_code == (4 if kind is UnreachableError else 2)
    assert "secretsmanager:" not in error.hint
    assert "s3:" not in error.hint


def asked_with(irsa, url, monkeypatch, kind, asks):
    for name, value in {**irsa, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
    environ = {**irsa, "AWS_ENDPOINT_URL": url}
    if asks == "secret":
        return refused(environ, kind)
    acts = {
        "token": lambda: aws.mint_token(host=IAM["DB_HOST"], port="5432", user="app", environ=environ),
        "bucket": lambda: s3.Bucket.open("keep", environ=environ).keys(""),
    }
    with pytest.raises(kind) as caught:
        acts[asks]()
    return caught.value


@pytest.mark.parametrize("asks", ["secret", "token", "bucket"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"upstream hunter2 failed"),
        (503, b"<html>hunter2</html>"),
        (200, b"<html>hunter2"),
        (403, b"hunter2"),
    ],
    ids=["503 text", "503 html", "200 html", "403 text"],
)
def test_an_answer_that_is_not_stss(serve, irsa, monkeypatch, status, body, asks):
    monkeypatch.setattr(answers, "PATIENCE_S", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    url, _ = serve(status, body)
    error = asked_with(irsa, url, monkeypatch, UnreachableError, asks)
    assert error.exit_code == 4
    assert "hunter2" not in "".join(traceback.format_exception(error))


def test_an_answer_that_is_not_amazons(serve):
    url, _ = serve(200, b"<html>hunter2</html>")
    error = refused({**KEYS, "AWS_ENDPOINT_URL": url, "DB_SECRET_ARN": "shop"})
    assert error.message == "what answers for Secrets Manager is not AWS"
    assert error.exit_code == 2


@pytest.mark.parametrize("body", [b"<html></html>", b"OK", b""])
@pytest.mark.parametrize("act", ["keys", "put", "upload", "unfinished"])
def test_a_page_of_a_proxy_is_no_success_of_s3(serve, monkeypatch, body, act):
    monkeypatch.setattr(answers, "PATIENCE_S", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    url, _ = serve(200, body)
    bucket = s3.Bucket.open("keep", environ={**KEYS, "AWS_ENDPOINT_URL": url})
    acts = {
        "keys": lambda: bucket.keys(""),
        "put": lambda: bucket.put("a", b"b"),
        "upload": lambda: bucket.upload("a"),
        "unfinished": lambda: bucket.unfinished(""),
    }
    with pytest.raises(UnreachableError, match=r"is not AWS|busy or failing"):
        acts[act]()


def test_an_endpoint_where_nothing_listens(monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    with socket.socket() as bound:  # bound, not listening: nobody else gets the port meanwhile
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        error = refused({**KEYS, "AWS_ENDPOINT_URL": url, "DB_SECRET_ARN": "shop"}, UnreachableError)
    assert (error.message, error.exit_code) == ("Secrets Manager cannot be reached", 4)


def test_an_endpoint_that_never_answers_does_not_hold_us_long(serve, monkeypatch):
    monkeypatch.setattr(answers, "READ_TIMEOUT_S", 0.2)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    url, asked = serve(200, b"{}", wait_s=30)
    began = time.monotonic()
    error = refused({**KEYS, "AWS_ENDPOINT_URL": url, "DB_SECRET_ARN": "shop"}, UnreachableError)
    assert (error.message, len(asked)) == ("Secrets Manager cannot be reached", answers.ATTEMPTS)
    assert time.monotonic() - began < 5


def test_the_limits_are_short_enough_for_a_pod():
    assert answers.ATTEMPTS * (answers.CONNECT_TIMEOUT_S + answers.READ_TIMEOUT_S) <= 30


def test_no_region_anywhere(endpoint):
    given = {key: value for key, value in KEYS.items() if key != "AWS_REGION"}
    error = refused({**given, "AWS_ENDPOINT_URL": endpoint, "DB_SECRET_ARN": "shop"})
    assert error.message == "no AWS region is set, and DB_SECRET_ARN does not name one"
    assert error.hint.startswith("Set AWS_REGION ")


def test_no_identity_anywhere(endpoint):
    error = refused({"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": endpoint, "DB_SECRET_ARN": "shop"})
    assert error.message == "no AWS credentials were found"
    assert "IRSA" in error.hint


def test_a_profile_that_does_not_exist():
    error = refused({**KEYS, "AWS_PROFILE": "nobody", "DB_SECRET_ARN": "shop"})
    assert error.message == "the AWS settings are invalid"
    assert "nobody" in error.detail


def test_a_malformed_endpoint():
    error = refused({**KEYS, "AWS_ENDPOINT_URL": "not a url", "DB_SECRET_ARN": "shop"})
    assert error.exit_code == 2


IAM = {
    **KEYS,
    "DB_IAM_AUTH": "true",
    "DB_HOST": "shop.abc.eu-central-1.rds.amazonaws.com",
    "DB_USERNAME": "app",
}


def test_a_token_is_minted_for_each_connect_and_only_then():
    target = resolve(IAM, "carthub")
    assert target.password is None
    fresh = target.fresh()
    assert fresh.parameters["sslmode"] == "require"
    token = urlsplit("https://" + fresh.password.reveal())
    assert (token.hostname, token.port) == (IAM["DB_HOST"], 5432)
    values = parse_qs(token.query)
    assert (values["Action"], values["DBUser"], values["X-Amz-Expires"]) == (["connect"], ["app"], ["900"])
    assert "/eu-central-1/rds-db/aws4_request" in values["X-Amz-Credential"][0]  # the endpoint's region


def test_a_token_is_the_one_that_amazons_own_client_makes(monkeypatch):
    session = botocore.session.Session()
    session.set_credentials("AKIATEST", "aws-secret-key")
    client = session.create_client("rds", region_name="eu-central-1")
    arguments = {"host": IAM["DB_HOST"], "port": "5433", "user": "app+x@y"}
    while True:  # both within one second: the time is signed
        began = int(time.time())
        theirs = client.generate_db_auth_token(arguments["host"], arguments["port"], arguments["user"])
        ours = aws.mint_token(**arguments, environ=KEYS).reveal()
        if int(time.time()) == began:
            break
    client.close()
    assert ours == theirs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"DB_PASSWORD": "hunter2"}, "DB_IAM_AUTH is on, but DB_HOST comes with a password"),
        ({"DB_SSL_MODE": "disable"}, "DB_IAM_AUTH needs TLS, and the mode is disable"),
        ({"DB_SSL_MODE": "prefer"}, "DB_IAM_AUTH needs TLS, and the mode is prefer"),
        ({"DB_HOST": "a,b"}, "DB_IAM_AUTH needs one host name: that of the RDS endpoint"),
        ({"DB_HOST": "/run/postgresql"}, "DB_IAM_AUTH needs one host name: that of the RDS endpoint"),
    ],
)
def test_a_token_needs_one_host_tls_and_no_password(change, message):
    assert refused({**IAM, **change}, ConfigurationError).message == message


def test_a_token_without_an_identity():
    target = resolve(
        {"AWS_REGION": "eu-west-1", **{key: IAM[key] for key in ("DB_IAM_AUTH", "DB_HOST", "DB_USERNAME")}}
    )
    with pytest.raises(CredentialsError, match="no AWS credentials were found"):
        target.fresh()


def test_a_url_without_a_password_may_use_tokens():
    target = resolve(
        {
            **KEYS,
            "DB_IAM_AUTH": "1",
            "DATABASE_URL": f"postgresql://app@{IAM['DB_HOST']}/shop?sslmode=verify-full",
        }
    )
    assert target.fresh().parameters["sslmode"] == "verify-full"
    assert target.fresh().password is not None
