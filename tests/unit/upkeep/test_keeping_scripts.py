"""The scripts that cron calls: which command they become, and what the point-in-time script would ask of AWS."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def run(tmp_path):
    """Run a script with fake programs on PATH, each of which notes how it was called."""

    def write(name, text):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
        return path

    runner = write("runner", 'printf "<%s>" "$@"; echo " keep=${RUNNER_KEEP_DAYS:-}"; exit ${EXIT:-0}')

    def run(script, *arguments, aws=None, **environ):
        if aws is not None:
            write("aws", f'printf "<%s>" "$@" >>{tmp_path}/asked; echo >>{tmp_path}/asked\n{aws}')
        env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "RUNNER": str(runner), **environ}
        done = subprocess.run(
            [SCRIPTS / script, *arguments], env=env, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        asked = tmp_path / "asked"
        return done, asked.read_text().splitlines() if asked.exists() else []

    return run


def test_backup_becomes_runner_backup_with_the_documented_retention(run):
    done, _ = run("backup.sh", "--database", "carthub", "--to", "/a b")
    assert done.stdout == "<backup><--database><carthub><--to></a b> keep=30 carthub=7\n"
    done, _ = run("backup.sh", RUNNER_KEEP_DAYS="90")
    assert done.stdout == "<backup> keep=90\n"


def test_maintenance_becomes_runner_maintenance_and_passes_its_exit_code_on(run):
    done, _ = run("maintenance.sh", "--dry-run", EXIT="4")
    assert (done.returncode, done.stdout) == (4, "<maintenance><--dry-run> keep=\n")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["shop", "new"], "<restore></kept><--database><shop><--into><new>"),
        (["shop", "new", "--switch"], "<restore></kept><--database><shop><--into><new><--switch>"),
        (
            ["shop", "new", "/a/x.dump", "--jobs", "2"],
            "<restore></a/x.dump><--database><shop><--into><new><--jobs><2>",
        ),
    ],
)
def test_restore_becomes_runner_restore(run, arguments, command):
    done, _ = run("restore.sh", *arguments, RUNNER_BACKUP_TO="/kept")
    assert done.stdout == f"{command} keep=\n"


@pytest.mark.parametrize("arguments", [[], ["shop"], ["--database", "shop"]])
def test_restore_says_how_it_is_used(run, arguments):
    done, _ = run("restore.sh", *arguments, RUNNER_BACKUP_TO="/kept")
    assert done.returncode == 2
    assert "usage: scripts/restore.sh DATABASE NEW_DATABASE" in done.stderr


def test_restore_demands_a_backup(run):
    done, _ = run("restore.sh", "shop", "new")
    assert done.returncode == 2
    assert "no backup is named" in done.stderr


RDS = "restore-rds-point-in-time.sh"
AWS = r"""
case "$*" in
    *InstanceCreateTime*) printf '2025-01-02T03:04:05+00:00\t2025-08-22T10:00:00+00:00\n' ;;
    *Endpoint.Address*) echo new.example ;;
    *DBInstanceClass*) echo db.t4g.small ;;
    *DBSubnetGroupName*) echo private ;;
    *DBParameterGroupName*) echo ours-15 ;;
    *MultiAZ*) echo True ;;
    *VpcSecurityGroupId*) printf 'sg-1\tsg-2\n' ;;
    *restore-db-instance*) echo creating ;;
esac
"""
COMMAND = [
    "rds", "restore-db-instance-to-point-in-time", "--source-db-instance-identifier", "carthub-db",
    "--target-db-instance-identifier", "carthub-db-restored", "--db-instance-class", "db.t4g.small",
    "--copy-tags-to-snapshot", "--deletion-protection", "--restore-time", "2025-08-21T18:00:00Z",
    "--db-subnet-group-name", "private", "--db-parameter-group-name", "ours-15", "--multi-az",
    "--vpc-security-group-ids", "sg-1", "sg-2",
]  # fmt: skip
ASKED = ["carthub-db", "--to", "2025-08-21T18:00:00Z", "--as", "carthub-db-restored"]


def test_point_in_time_prints_what_it_would_do_and_does_nothing(run):
    done, asked = run(RDS, *ASKED, aws=AWS)
    assert done.returncode == 0, done.stderr
    assert f"aws {' '.join(COMMAND)}\n" in done.stdout
    assert "carthub-db goes on as it is" in done.stdout
    assert done.stdout.endswith("nothing was done; say --yes to do it\n")
    assert asked
    assert all("describe-db-instances" in line for line in asked)


def test_point_in_time_does_it_with_yes_and_waits(run):
    done, asked = run(RDS, *ASKED, "--yes", aws=AWS)
    assert done.returncode == 0, done.stderr
    assert asked[-3] == "".join(
        f"<{word}>" for word in [*COMMAND, "--output", "text", "--query", "DBInstance.DBInstanceStatus"]
    )
    assert asked[-2] == "<rds><wait><db-instance-available><--db-instance-identifier><carthub-db-restored>"
    assert "carthub-db-restored is available at new.example" in done.stdout


def test_point_in_time_names_the_new_instance_by_its_moment(run):
    done, _ = run(RDS, "carthub-db", "--to", "2025-08-21T18:00:00Z", aws=AWS)
    assert "as the new instance carthub-db-20250821t180000z\n" in done.stdout
    done, _ = run(RDS, "carthub-db", "--latest", aws=AWS)
    assert "--use-latest-restorable-time" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no instance is named"),
        (["db"], "to which moment?"),
        (["db", "--to", "2025-08-21 18:00"], "is not a moment in UTC"),
        (["db", "--to"], "--to needs a value"),
        (["db", "--latest", "--to", "2025-08-21T18:00:00Z"], "exclude each other"),
        (["db", "--latest", "--force"], "there is no option --force"),
        (["db", "other", "--latest"], "only one instance"),
        (["db", "--to", "2025-08-22T10:00:01Z"], "later than the newest moment"),
    ],
)
def test_point_in_time_refuses_what_it_does_not_understand(run, arguments, said):
    done, asked = run(RDS, "--yes", *arguments, aws=AWS)
    assert done.returncode == 2
    assert said in done.stderr
    assert not any("restore-db" in line for line in asked)


def test_point_in_time_that_aws_refuses(run):
    refusal = (
        'case "$*" in *restore-db*) echo "An error occurred (AccessDenied)" >&2; exit 254 ;; esac\n' + AWS
    )
    done, asked = run(RDS, *ASKED, "--yes", aws=refusal)
    assert done.returncode == 1
    assert "AWS refused to recover carthub-db" in done.stderr
    assert "carthub-db is untouched" in done.stderr
    assert "wait" not in asked[-1]


def test_point_in_time_of_an_instance_that_is_not_there(run):
    done, _ = run(RDS, *ASKED, "--yes", aws="exit 254")
    assert done.returncode == 1
    assert "AWS does not describe the instance carthub-db" in done.stderr
