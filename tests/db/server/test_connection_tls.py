"""TLS: only a server with the right certificate is believed, and plaintext is refused."""

from __future__ import annotations

import datetime
import os
from contextlib import closing

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runner.errors import ConfigurationError, CredentialsError
from runner.server.connection import connect
from runner.server.credentials import Target
from runner.settings import Secret


def certificate(name, key, issuer, issuer_key, *, ca=False):
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def authority(path, name):
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(certificate(name, key, name, key, ca=True))
    return key


@pytest.fixture
def tls(new_server, tmp_path):
    """A server that takes TLS only, with a certificate for the name localhost."""
    ca_key = authority(tmp_path / "ca.pem", "ca")
    authority(tmp_path / "other.pem", "other")
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server = new_server()
    for name, content in (
        ("server.crt", certificate("localhost", key, "ca", ca_key)),
        ("server.key", private),
    ):
        path = server.data / name
        path.write_bytes(content)
        path.chmod(0o600)
        owner = server.data.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
    (server.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("ssl = on\n")
    started = server.start(tcp=True)
    parameters = {**started.parameters, "host": "localhost", "hostaddr": "127.0.0.1", "dbname": "postgres"}

    def target(**more):
        keywords = {**parameters, **{key: str(value) for key, value in more.items()}}
        return Target(parameters=keywords, password=Secret(started.password.reveal()), source="DATABASE_URL")

    return target


def test_tls_is_checked_as_far_as_the_mode_says(tls, tmp_path):
    right, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    for mode in ("require", "verify-ca", "verify-full"):
        with closing(connect(tls(sslmode=mode, sslrootcert=right))) as connection:
            assert connection.pgconn.ssl_in_use
    with closing(connect(tls(sslmode="verify-ca", sslrootcert=right, host="db.example"))) as connection:
        assert connection.pgconn.ssl_in_use

    for sslmode, sslrootcert, host, kind, message in (
        ("verify-full", other, "localhost", ConfigurationError, "is not signed by the CA that we trust"),
        ("verify-full", right, "db.example", ConfigurationError, "does not match the host name db.example:"),
        (
            "verify-full",
            tmp_path / "none",
            "localhost",
            ConfigurationError,
            "a certificate or key for the connection to",
        ),
        (
            "disable",
            right,
            "localhost",
            CredentialsError,
            "does not accept 'postgres' to 'postgres' without TLS",
        ),
    ):
        with pytest.raises(kind) as caught:
            connect(tls(sslmode=sslmode, sslrootcert=sslrootcert, host=host))
        assert message in caught.value.message
        assert "DB_SSL_ROOT_CERT" in caught.value.hint or host == "db.example"


def test_a_server_without_tls_is_not_taken_for_one_with(private_server):
    password = private_server.pop("password")
    target = Target(
        parameters={**private_server, "sslmode": "require"}, password=Secret(password), source="DB_HOST"
    )
    with pytest.raises(ConfigurationError) as caught:
        connect(target)
    assert caught.value.message == (
        f"the server at 127.0.0.1:{private_server['port']} does not support TLS, and DB_HOST requires it"
    )
