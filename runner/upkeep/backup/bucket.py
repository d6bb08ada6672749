"""Backups under a prefix of an S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runner.errors import RunnerError, UsageError
from runner.server.credentials.s3 import Bucket, Upload
from runner.upkeep.backup.manifest import SUFFIX, is_of


class BucketPlace:
    """A prefix in a bucket; an object exists only once its upload is completed."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix

    @classmethod
    def open(cls, url: str, *, environ: Mapping[str, str], kms_key: str | None = None) -> BucketPlace:
        """Return the place that `s3://bucket/prefix` names."""
        name, _, prefix = url.removeprefix("s3://").partition("/")
        if not name:
            raise UsageError(f"{url} names no bucket", hint="Write it as s3://bucket/prefix.")
        prefix = prefix.rstrip("/")
        bucket = Bucket.open(name, environ=environ, kms_key=kms_key)
        return cls(bucket, f"{prefix}/" if prefix else "")

    @property
    def label(self) -> str:
        """The URL."""
        return f"s3://{self._bucket.name}/{self._prefix}"

    def names(self) -> list[str]:
        """Return the names of the objects."""
        return [key.removeprefix(self._prefix) for key in self._bucket.keys(self._prefix)]

    @contextmanager
    def sink(self, name: str) -> Iterator[_UploadSink]:
        """Begin an upload; it is aborted unless it is completed."""
        sink = _UploadSink(self._bucket, self._bucket.upload(self._prefix + name))
        try:
            yield sink
        except BaseException as error:
            sink.discard(error)
            raise
        sink.discard()

    def read(self, name: str) -> bytes:
        """Return an object."""
        return self._bucket.get(self._prefix + name)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield an object piece by piece."""
        return self._bucket.chunks(self._prefix + name)

    def path(self, name: str) -> Path | None:  # noqa: ARG002 - an object has none
        """Return None: an object is no file."""
        return None

    def remove(self, name: str) -> None:
        """Delete an object."""
        self._bucket.delete(self._prefix + name)

    def discard_leftovers(self, database: str) -> list[str]:
        """Abort this database's uploads left by killed runs: their parts are invisible but cost money."""
        begun = {
            upload.key.removeprefix(self._prefix): upload for upload in self._bucket.unfinished(self._prefix)
        }
        dead = [name for name in begun if is_of(name, database)]
        for name in dead:
            begun[name].abort()
        return dead


class _UploadSink:
    def __init__(self, bucket: Bucket, upload: Upload) -> None:
        self._bucket = bucket
        self._upload = upload
        self._is_published = False

    def write(self, chunk: bytes) -> None:
        """Add to the object."""
        self._upload.write(chunk)

    def publish(self, manifest: bytes) -> None:
        """Complete the upload; the manifest first, so that an archive always has one."""
        self._bucket.put(self._upload.key + SUFFIX, manifest)
        self._upload.complete()
        self._is_published = True

    def discard(self, because: BaseException | None = None) -> None:
        """Abort the upload, unless it is completed; what cannot be reached is left for the next run."""
        if self._is_published:
            return
        try:
            self._upload.abort()
        except RunnerError as error:
            if isinstance(because, RunnerError):
                because.notes.append(
                    f"The parts that had been sent could not be removed ({error.message}); the "
                    "next backup of this database removes them."
                )
