"""From a database to an archive and back, by way of a folder and of S3."""

from __future__ import annotations

import hashlib
import json
import stat

import pytest

from tests.db.upkeep.backup.conftest import ROWS

_CONTENT = "SELECT count(*), md5(string_agg(body, '' ORDER BY id)) FROM notes"


def test_a_folder_gets_an_archive_and_a_manifest_which_restore_to_the_same_database(
    project, restored, tmp_path
):
    done = project.ok("backup", "--to", str(tmp_path / "kept"))
    archive, manifest = sorted((tmp_path / "kept").iterdir())
    assert archive.name + ".json" == manifest.name
    assert f"backed up    {archive}" in done.out
    assert stat.S_IMODE(archive.stat().st_mode) == stat.S_IMODE(manifest.stat().st_mode) == 0o600
    held = json.loads(manifest.read_bytes())
    assert held["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert held["size_bytes"] == archive.stat().st_size
    assert held["newest_migration"] == "0001_notes"
    assert held["migrations"] == ["0001_notes"]
    assert "CREATE TABLE public.notes" in held["schema"]
    assert held["server_version"].split(".")[0] == held["pg_dump_version"].split(".")[0]
    back = project.ok("restore", str(archive), "--into", restored.parameters["dbname"])
    assert "catalog and history are as they were dumped" in back.out
    assert restored.query(_CONTENT) == project.query(_CONTENT)
    assert restored.query(_CONTENT)[0][0] == ROWS
    assert restored.applied() == ["0001_notes"]
    assert restored.query("SELECT last_analyze IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'notes'")


def test_s3_gets_the_same_encrypted_and_with_checksums(project, restored, s3):
    done = project.ok("backup", "--to", "s3://keep/nightly/", "--json")
    (told,) = done.data["databases"]
    keys = [held["Key"] for held in s3.list_objects_v2(Bucket="keep")["Contents"]]
    assert [f"s3://keep/{key}" for key in keys] == [told["archive"], told["archive"] + ".json"]
    for key in keys:
        head = s3.head_object(Bucket="keep", Key=key, ChecksumMode="ENABLED")
        assert head["ServerSideEncryption"] == "AES256"
    content = s3.get_object(Bucket="keep", Key=keys[0])["Body"].read()
    assert hashlib.sha256(content).hexdigest() == told["sha256"]
    assert not s3.list_multipart_uploads(Bucket="keep").get("Uploads")
    back = project.ok("restore", "s3://keep/nightly", "--into", restored.parameters["dbname"], "--json")
    assert back.data["archive"] == told["archive"]
    assert back.data["validated"] is True
    assert restored.query(_CONTENT) == project.query(_CONTENT)


def test_a_kms_key_encrypts(project, s3):
    project.ok("backup", "--to", "s3://keep", "--kms-key", "alias/backups")
    for held in s3.list_objects_v2(Bucket="keep")["Contents"]:
        head = s3.head_object(Bucket="keep", Key=held["Key"])
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/backups")


def test_a_schema_has_no_data_and_stands_beside(project, restored, tmp_path):
    kept = str(tmp_path / "kept")
    project.ok("backup", "--to", kept)
    done = project.ok("backup", "--to", kept, "--schema-only", "--json")
    name = done.data["databases"][0]["archive"]
    assert name.endswith(".schema.dump")
    project.ok("restore", name, "--into", restored.parameters["dbname"])
    assert restored.query("SELECT count(*) FROM notes") == [(0,)]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_newest_with_data_is_restored_where_only_a_place_is_named(project, restored, tmp_path, jobs):
    kept = str(tmp_path / "kept")
    project.ok("backup", "--to", kept)
    project.query("DELETE FROM notes WHERE id > 10")
    project.ok("backup", "--to", kept)
    project.ok("backup", "--to", kept, "--schema-only")
    project.ok(
        "restore",
        kept,
        "-d",
        project.parameters["dbname"],
        "--into",
        restored.parameters["dbname"],
        "--jobs",
        jobs,
    )
    assert restored.query("SELECT count(*) FROM notes") == [(10,)]
