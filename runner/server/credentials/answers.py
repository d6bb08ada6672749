"""AWS's error answers: which ones are temporary, how long to retry, and our messages for them.

botocore calls all services, some of them (STS, SSO) on its own, to get our identity.
"""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, Any, NoReturn

from botocore import exceptions as aws

from runner.errors import CredentialsError, RunnerError, UnreachableError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 5
ATTEMPTS = 3
PATIENCE_S = 30.0  # for temporary errors; botocore's own retries end after about 3 s
_LONGEST_PAUSE_S = 8.0
_BEGAN = "runner_began"
AGAIN = "Run the same command again."
# Source: botocore.retries.standard (throttled, transient), botocore/data/_retry.json (sts, s3), and the errors
# that the services' references call temporary (InternalServiceError, DependencyTimeout, OperationAborted)
PASSING = {
    "BadDigest", "BandwidthLimitExceeded", "DependencyTimeout", "DependencyTimeoutException", "EC2ThrottledException",
    "IDPCommunicationError", "IDPCommunicationErrorException", "InternalError", "InternalFailure", "InternalServerError",
    "InternalServiceError", "InternalServiceErrorException", "LimitExceededException", "OperationAborted",
    "PriorRequestNotComplete", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
    "RequestThrottledException", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable",
    "ServiceUnavailableException", "SlowDown", "503 Slow Down", "ThrottledException", "Throttling", "ThrottlingException",
    "TooManyRequests", "TooManyRequestsException", "TransactionInProgressException",
}  # fmt: skip
_PASSING_STATUS = {429, 500, 502, 503, 504, 509}
IDENTITY = {
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidIdentityToken",
    "InvalidIdentityTokenException", "InvalidSignatureException", "MissingAuthenticationToken", "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}  # fmt: skip
# what botocore calls on its own, to get our identity
_IDENTITY_CALLS = {
    "AssumeRole": "STS",
    "AssumeRoleWithSAML": "STS",
    "AssumeRoleWithWebIdentity": "STS",
    "GetSessionToken": "STS",
    "GetRoleCredentials": "the AWS access portal (SSO)",
    "CreateToken": "the AWS access portal (SSO)",
    "CreateOAuth2Token": "AWS's sign-in service",
}


def be_patient(session: Session) -> None:
    """Make every client of this session retry temporary errors, including those that botocore creates itself.

    botocore's own retries come first.
    """
    # the stubs do not know handlers that return a value, which this event is for
    session.register("needs-retry", _pause)  # type: ignore[arg-type]


def _pause(*, response: Any, attempts: int, request_dict: dict[str, Any], **_: object) -> float | None:
    """Return how many seconds to wait before the next attempt, or None for no more attempts."""
    began = request_dict.setdefault("context", {}).setdefault(_BEGAN, time.monotonic())
    if response is None or not _is_passing(response[1]):
        return None
    left_s: float = PATIENCE_S - (time.monotonic() - began)
    pause_s = min(2.0 ** (attempts - 1), _LONGEST_PAUSE_S) * random.uniform(0.5, 1)  # noqa: S311 - jitter
    return pause_s if pause_s < left_s else None


def _is_passing(answer: Any) -> bool:
    return isinstance(answer, dict) and (code_of(answer) in PASSING or _status_of(answer) in _PASSING_STATUS)


def code_of(answer: Any) -> str:
    """Return the code of AWS's refusal; empty if there is none."""
    return str(answer.get("Error", {}).get("Code", ""))


def detail_of(answer: Any) -> str:
    """Return AWS's own message, as a detail."""
    said = str(answer.get("Error", {}).get("Message", "")).strip()
    return f"AWS answered {code_of(answer) or _status_of(answer)}{f': {said}' if said else ''}"


def _status_of(answer: Any) -> int:
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def common_refusal(error: ClientError, *, service: str) -> RunnerError | None:
    """Return the error for a refusal common to all services, or None for one specific to this service."""
    answer: Any = error.response
    code = code_of(answer)
    asked = _IDENTITY_CALLS.get(error.operation_name)
    detail = detail_of(answer)
    if _is_passing(answer):
        return UnreachableError(
            f"{asked or service} is busy or failing",
            detail=f"{detail}. The request was retried for up to {PATIENCE_S:.0f} s.",
            hint=AGAIN,
        )
    if code in IDENTITY:
        return CredentialsError(
            "AWS refuses our credentials",
            detail=detail + (f" ({asked})" if asked else ""),
            hint="Renew them. Check the clock, AWS_SESSION_TOKEN, and with IRSA that IAM has the cluster's OIDC provider.",
        )
    if asked is None:
        return None
    if code.startswith(("AccessDenied", "Forbidden", "Unauthorized")):
        return CredentialsError(
            f"{asked} does not let us assume our role",
            detail=detail,
            hint="Correct the role's trust policy, or AWS_ROLE_ARN: with IRSA it must trust the cluster's OIDC provider for "
            "this namespace and service account (sub), and for sts.amazonaws.com (aud).",
        )
    return CredentialsError(
        f"{asked} refuses the request for our identity",
        detail=detail,
        hint="Check AWS_ROLE_ARN, AWS_REGION, and the profile in AWS_CONFIG_FILE if there is one.",
    )


def not_of_aws(what: str, *, detail: str, kind: type[RunnerError] = UnreachableError) -> RunnerError:
    """Return the error for an answer that is not from AWS, such as a proxy's page. It is never shown: it may have secrets."""
    return kind(
        f"what answers for {what} is not AWS",
        detail=detail,
        hint="Does a proxy, a firewall or a wrong endpoint answer? Check HTTPS_PROXY, NO_PROXY and the variables that begin with "
        "AWS_ENDPOINT_URL; then run the same command again.",
    )


def failed(
    error: BotoCoreError | ValueError | OSError,
    *,
    what: str,
    read_timeout_s: int = READ_TIMEOUT_S,
    attempts: int = ATTEMPTS,
) -> NoReturn:
    """Return the error for a request that got no answer, or could not be sent."""
    if isinstance(error, aws.CredentialRetrievalError) and _is_agent_down(str(error)):
        raise UnreachableError(
            "the agent for AWS credentials does not answer",
            detail=str(error),
            hint="In EKS look at the Pod Identity agent of this node. " + AGAIN,
        ) from error
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError | aws.CredentialRetrievalError):
        raise CredentialsError(
            "no AWS credentials were found",
            detail=str(error),
            hint="In Kubernetes give the service account its role (IRSA); elsewhere set AWS_PROFILE, "
            "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ) from error
    if isinstance(error, aws.SSOError | aws.TokenRetrievalError):
        raise CredentialsError(
            "the AWS SSO session has expired, or was not started",
            detail=str(error),
            hint="Run: aws sso login",
        ) from error
    if isinstance(error, aws.SSLError):
        raise CredentialsError(
            f"{what} has a certificate that we do not trust",
            detail=str(error),
            hint="Set AWS_CA_BUNDLE to the CA's file.",
        ) from error
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError | aws.IncompleteReadError):
        raise UnreachableError(
            f"{what} cannot be reached",
            detail=f"{error} ({attempts} attempts, {CONNECT_TIMEOUT_S} s to connect and "
            f"{read_timeout_s} s to read.)",
            hint="Check egress to port 443 (or a VPC endpoint) and AWS_REGION; then run the same command again.",
        ) from error
    settings = isinstance(
        error, aws.ProfileNotFound | aws.ConfigParseError | aws.ConfigNotFound | aws.InvalidRegionError
    )
    raise CredentialsError(
        "the AWS settings are invalid" if settings else f"the request to {what} failed",
        detail=str(error),
        hint="Check the variables that begin with AWS_, and the files that they name.",
    ) from error


def _is_agent_down(said: str) -> bool:
    """Return whether the container's agent (ECS, EKS Pod Identity) failed temporarily; a 4xx is a wrong setting."""
    if "container-role" not in said:
        return False
    status = re.search(r"non 200 response (\d+)", said)
    return status is None or int(status[1]) in _PASSING_STATUS
