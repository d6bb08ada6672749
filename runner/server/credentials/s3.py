"""Read and write the objects of one S3 bucket in pieces, as far as backups need it.

It uses botocore's client, without boto3's transfer threads: an archive is one stream, and a part is sent when it
is full.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from runner.errors import CredentialsError, RunnerError, UnreachableError
from runner.server.credentials import answers, aws

_READ_TIMEOUT_S = 60
_ATTEMPTS = 5
_CHUNK_BYTES = 1 << 20
_MIB = 1 << 20
LONGEST_UPLOAD = 10_000  # parts; Source: "Amazon S3 multipart upload limits"
_RIGHTS = (
    "s3:GetObject, PutObject, DeleteObject, AbortMultipartUpload on the objects, s3:ListBucket and "
    "ListBucketMultipartUploads on the bucket; with a KMS key also kms:GenerateDataKey and kms:Decrypt"
)


class Bucket:
    """One bucket; every refusal becomes an error of ours."""

    def __init__(self, name: str, client: Any, *, kms_key: str | None) -> None:
        self.name = name
        self._client = client
        self._encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
            if kms_key
            else {"ServerSideEncryption": "AES256"}
        )

    @classmethod
    def open(cls, name: str, *, environ: Mapping[str, str], kms_key: str | None = None) -> Bucket:
        """Return a bucket; no request is sent to S3 yet.

        AWS_ENDPOINT_URL_S3, or AWS_ENDPOINT_URL, names another service with the S3 API.

        Raises: CredentialsError.
        """
        session = aws.open_session(environ, aws.region_of(environ), needed_for=f"s3://{name}")

        endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
        config = Config(
            read_timeout=_READ_TIMEOUT_S,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            # another service has no wildcard DNS name for its buckets
            s3={"addressing_style": "path"} if endpoint else None,
        )
        try:
            client = session.create_client("s3", endpoint_url=endpoint, config=config)
        except (BotoCoreError, ValueError) as error:
            answers.failed(error, what="S3")
        return cls(name, client, kms_key=kms_key)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the objects directly under a prefix."""
        with self.explained(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            )
            return [held["Key"] for page in pages for held in self.checked(page, "Name").get("Contents", ())]

    def get(self, key: str) -> bytes:
        """Return an object's content."""
        with self.explained(key):
            content: bytes = self._client.get_object(Bucket=self.name, Key=key)["Body"].read()
            return content

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield an object's content in pieces."""
        with self.explained(key):
            yield from self._client.get_object(Bucket=self.name, Key=key)["Body"].iter_chunks(_CHUNK_BYTES)

    def put(self, key: str, content: bytes) -> None:
        """Write a small object."""
        with self.explained(key):
            put = self._client.put_object(
                Bucket=self.name,
                Key=key,
                Body=content,
                ContentType="application/json",
                ChecksumSHA256=_sha256(content),
                **self._encryption,
            )
            self.checked(put, "ETag")

    def delete(self, key: str) -> None:
        """Delete an object."""
        with self.explained(key):
            self._client.delete_object(Bucket=self.name, Key=key)

    def unfinished(self, prefix: str) -> list[Upload]:
        """Return the unfinished uploads under a prefix."""
        with self.explained(prefix):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.name, Prefix=prefix
            )
            found = [held for page in pages for held in self.checked(page, "Bucket").get("Uploads", ())]
        return [Upload(self, self._client, each["Key"], each["UploadId"]) for each in found]

    def upload(self, key: str) -> Upload:
        """Start an object that is sent in parts; it does not exist before it is completed."""
        with self.explained(key):
            begun = self._client.create_multipart_upload(
                Bucket=self.name,
                Key=key,
                ContentType="application/octet-stream",
                ChecksumAlgorithm="SHA256",
                **self._encryption,
            )
            self.checked(begun, "UploadId")
        return Upload(self, self._client, key, begun["UploadId"])

    def checked(self, answer: Any, field: str) -> Any:
        """Return an answer after checking it for a field of S3: a proxy's page would look like an empty list, or a success.

        Raises: UnreachableError.
        """
        if not answer.get(field):
            raise answers.not_of_aws(f"S3 (s3://{self.name})", detail=f"It answered without {field}.")
        return answer

    @contextmanager
    def explained(self, key: str) -> Iterator[None]:
        """Translate errors raised in the block."""
        try:
            yield
        except ClientError as error:
            raise _refused(error, f"s3://{self.name}/{key}") from error
        except ResponseParserError:  # from None, as it contains the whole answer
            raise answers.not_of_aws(
                f"S3 (s3://{self.name}) or STS", detail="Its answer does not have AWS's format."
            ) from None
        except (BotoCoreError, OSError) as error:
            answers.failed(
                error, what=f"S3 (s3://{self.name})", read_timeout_s=_READ_TIMEOUT_S, attempts=_ATTEMPTS
            )


class Upload:
    """An object that is being uploaded in parts, each with its SHA-256, which S3 checks."""

    def __init__(self, bucket: Bucket, client: Any, key: str, upload_id: str) -> None:
        self.key = key
        self._bucket = bucket
        self._client = client
        self._where = {"Bucket": bucket.name, "Key": key, "UploadId": upload_id}
        self._parts: list[dict[str, Any]] = []
        self._pending = bytearray()

    def write(self, chunk: bytes) -> None:
        """Append to the object; send a part when it is full."""
        self._pending += chunk
        while len(self._pending) >= (size := part_bytes(len(self._parts))):
            with memoryview(self._pending) as pending:
                part = bytes(pending[:size])
            del self._pending[:size]
            self._send(part)

    def complete(self) -> None:
        """Send the rest and complete the object."""
        if self._pending or not self._parts:
            self._send(bytes(self._pending))
            self._pending.clear()
        with self._bucket.explained(self.key):
            done = self._client.complete_multipart_upload(
                **self._where, MultipartUpload={"Parts": self._parts}
            )
            self._bucket.checked(done, "ETag")

    def abort(self) -> None:
        """Abort the upload: S3 deletes its parts."""
        with self._bucket.explained(self.key):
            self._client.abort_multipart_upload(**self._where)

    def _send(self, body: bytes) -> None:
        number = len(self._parts) + 1
        if number > LONGEST_UPLOAD:
            raise RunnerError(
                f"s3://{self._where['Bucket']}/{self.key} needs more parts than S3 allows",
                detail=f"The archive did not end after {LONGEST_UPLOAD} parts. Nothing of it is left there.",
                hint="For such a database use snapshots of its storage (RDS: automated backups).",
            )
        checksum = _sha256(body)
        with self._bucket.explained(self.key):
            sent = self._client.upload_part(
                **self._where, PartNumber=number, Body=body, ChecksumSHA256=checksum
            )
            self._bucket.checked(sent, "ETag")
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": checksum})


def part_bytes(sent: int) -> int:
    """Return the size of the next part after `sent` parts: it doubles every 2000, from 8 MiB to 128 MiB.

    The length of the stream is not known in advance. This way small archives need little memory, and 10,000 parts
    hold almost half a terabyte.
    """
    return 8 * _MIB << min(sent // 2000, 4)


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _refused(error: ClientError, where: str) -> RunnerError:
    common = answers.common_refusal(error, service="S3")
    if common is not None:
        return common
    code = answers.code_of(error.response)
    kind: type[RunnerError] = CredentialsError
    if code in {"AccessDenied", "403"}:
        message, hint = f"AWS does not let us use {where}", f"Grant our role {_RIGHTS}."
    elif code == "NoSuchBucket":
        message, hint = f"there is no bucket for {where}", "Correct its name, or AWS_REGION."
    elif code in {"NoSuchKey", "404"}:
        message, hint = f"there is no {where}", "List the objects: aws s3 ls"
    elif code == "NoSuchUpload":
        kind, message, hint = (
            UnreachableError,
            f"the upload of {where} was aborted by somebody else",
            "Run the same command again, and only one backup of a database at a time.",
        )
    else:
        message, hint = f"S3 refuses a request for {where}", "Check its name, its policy and the KMS key."
    return kind(message, detail=answers.detail_of(error.response), hint=hint)
