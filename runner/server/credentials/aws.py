"""Secrets Manager and RDS tokens.

Import this room's `aws` and `s3` only where they are used, inside `needing_botocore`: botocore costs more time and memory
than the rest of the program.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.awsrequest import prepare_request_dict
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.model import ServiceId
from botocore.parsers import ResponseParserError
from botocore.signers import RequestSigner

from runner.errors import CredentialsError, RunnerError
from runner.server.credentials import answers
from runner.settings import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


_REGION = re.compile(r"arn:aws[\w-]*:secretsmanager:([a-z0-9-]+):")
_UNREADABLE = "Its answer does not have AWS's format."
_KEYS = "username, password, host, port, dbname"


def region_of(environ: Mapping[str, str]) -> str | None:
    """Return the region from the environment; boto3 itself reads only the second variable."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def fetch_secret(arn: str, *, variable: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Fetch a secret in RDS's format and return its JSON object.

    `arn` may be the secret's plain name. The region in an ARN wins over the environment's, as the secret is there.

    Raises: CredentialsError, UnreachableError.
    """
    named = _REGION.match(arn)
    session = open_session(environ, named[1] if named else region_of(environ), needed_for=variable)

    endpoint = environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or environ.get("AWS_ENDPOINT_URL") or None
    is_readable = True
    try:
        client: Any = session.create_client("secretsmanager", endpoint_url=endpoint)
        answer = client.get_secret_value(SecretId=arn)
    except ClientError as error:
        raise _refused(error, arn=arn, variable=variable) from error
    except ResponseParserError:  # raised below, as it contains the whole answer
        is_readable = False
    except (BotoCoreError, ValueError, OSError) as error:
        answers.failed(error, what="Secrets Manager")
    if not is_readable:
        raise answers.not_of_aws("Secrets Manager or STS", detail=_UNREADABLE)
    if not {"SecretString", "SecretBinary"}.intersection(answer):
        raise answers.not_of_aws(
            "Secrets Manager",
            detail="It answered 200 OK, without a secret.",
            kind=CredentialsError,
        )
    return _object(answer.get("SecretString"), arn=arn)


def _object(text: str | None, *, arn: str) -> dict[str, Any]:
    what = None
    value: Any = None
    if text is None:
        what = "is binary"
    else:
        try:
            value = json.loads(text)
        except ValueError:  # raised below, as a JSONDecodeError contains the whole text
            what = "is not JSON"
        else:
            if not isinstance(value, dict):
                what = "is JSON, but not an object"
    if what is not None:
        raise CredentialsError(
            f"the secret {arn} {what}", hint=f"Store a JSON object with the keys that RDS uses: {_KEYS}."
        )
    return dict(value)


def mint_token(*, host: str, port: str, user: str, environ: Mapping[str, str]) -> Secret:
    """Return a password for RDS that is valid for 15 minutes; it is computed, not fetched.

    Raises: CredentialsError, UnreachableError (the identity itself may have to be fetched).

    Source: botocore.signers.generate_db_auth_token, without the megabyte of API model that a client for RDS
    loads.
    """
    in_name = re.search(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?\.?$", host)
    session = open_session(environ, in_name[1] if in_name else region_of(environ), needed_for="DB_IAM_AUTH")

    region = str(session.get_config_variable("region"))
    try:
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        signer = RequestSigner(
            ServiceId("rds-db"), region, "rds-db", "v4", credentials, session.get_component("event_emitter")
        )
        request: dict[str, Any] = {
            "url_path": "/",
            "query_string": "",
            "headers": {},
            "body": {"Action": "connect", "DBUser": user},
            "method": "GET",
        }
        prepare_request_dict(request, f"https://{host}:{port}")
        url: str | None = signer.generate_presigned_url(
            request, operation_name="connect", region_name=region, expires_in=900, signing_name="rds-db"
        )
    except ClientError as error:
        raise _refused(error, arn="", variable="DB_IAM_AUTH") from error
    except ResponseParserError:  # raised below, as it contains the whole answer
        url = None
    except (BotoCoreError, ValueError, OSError) as error:
        answers.failed(error, what="the service for AWS credentials")
    if url is None:
        raise answers.not_of_aws("STS", detail=_UNREADABLE)
    return Secret(url.removeprefix("https://"))


def open_session(
    environ: Mapping[str, str], region: str | None, *, needed_for: str
) -> botocore.session.Session:
    """Return a session with our time limits, in the given region.

    Raises: CredentialsError.
    """
    limits = Config(
        connect_timeout=answers.CONNECT_TIMEOUT_S,
        read_timeout=answers.READ_TIMEOUT_S,
        retries={"total_max_attempts": answers.ATTEMPTS, "mode": "standard"},
    )
    try:
        session = botocore.session.Session(profile=environ.get("AWS_PROFILE") or None)
        # the session's default also limits the calls that fetch our identity (STS), by default 60 s each
        session.set_default_client_config(limits)
        answers.be_patient(session)
        key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            session.set_credentials(key, secret, environ.get("AWS_SESSION_TOKEN") or None)
        region = region or session.get_config_variable("region")
    except BotoCoreError as error:
        answers.failed(error, what="the AWS settings")
    if not region:
        raise CredentialsError(
            f"no AWS region is set, and {needed_for} does not name one",
            hint="Set AWS_REGION (or AWS_DEFAULT_REGION), or give the secret's full ARN.",
        )
    session.set_config_variable("region", region)
    return session


def _refused(error: ClientError, *, arn: str, variable: str) -> RunnerError:
    """Return the error for a refusal."""
    common = answers.common_refusal(error, service="Secrets Manager")
    if common is not None:
        return common
    code = answers.code_of(error.response)
    if code.startswith("AccessDenied"):
        message = f"AWS does not let us read the secret {arn}"
        hint = "Grant our role secretsmanager:GetSecretValue on the secret, and kms:Decrypt on its key."
    elif code == "ResourceNotFoundException":
        message = f"there is no secret {arn}, or it has no current value"
        hint = f"Correct {variable}, and AWS_REGION if it is not a full ARN."
    elif code == "InvalidRequestException":
        message, hint = (
            f"the secret {arn} cannot be read in its current state",
            "Was it scheduled for deletion? Restore it.",
        )
    elif code.startswith("DecryptionFailure"):
        message, hint = (
            f"the secret {arn} cannot be decrypted",
            "Grant kms:Decrypt on its key to the role that this program runs as.",
        )
    else:
        message, hint = f"Secrets Manager refuses the request for {arn}", f"Check {variable}."
    return CredentialsError(message, detail=answers.detail_of(error.response), hint=hint)
