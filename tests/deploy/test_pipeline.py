"""The pipeline's scripts, with programs in place of a cluster, a cloud and an engine: what they ask, how they end."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.manifests import ROOT

PROGRAMS = Path(__file__).with_name("programs")
DIGEST = "sha256:" + "ab" * 32
IMAGE = f"111122223333.dkr.ecr.us-west-2.amazonaws.com/carthub-database@{DIGEST}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Pipeline:
    """Runs a script of scripts/ci/ with the programs first on PATH."""

    def __init__(self, home):
        self.home = home
        self.scenario = {}
        self.environ = {
            "PATH": os.pathsep.join((str(PROGRAMS), str(Path(sys.executable).parent), os.environ["PATH"])),
            "HOME": str(home),
            "FAKE_HOME": str(home),
            "REAL_KUBECTL": shutil.which("kubectl") or "",
            "IMAGE_FILE": str(home / "build/image"),
            "AWS_ACCOUNT_ID": "111122223333",
            "AWS_DEFAULT_REGION": "us-west-2",
            "IMAGE_REPO_NAME": "carthub-database",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT,
            "CODEBUILD_BUILD_NUMBER": "17",
            "POLL_S": "0.05",
        }

    def run(self, script, **environ):
        (self.home / "scenario.json").write_text(json.dumps(self.scenario))
        command = [ROOT / "scripts/ci" / script]
        return subprocess.run(command, env=self.environ | environ, capture_output=True, text=True, cwd="/")

    @property
    def asked(self):
        path = self.home / "asked.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def applied(self):
        return [each["file"] for each in self.asked if each["arguments"][:1] == ["apply"]]


@pytest.fixture
def pipeline(tmp_path):
    return Pipeline(tmp_path)


@pytest.fixture
def cluster(pipeline):
    """A cluster in which a Job with one pod ends as the test says."""
    if not pipeline.environ["REAL_KUBECTL"]:
        pytest.skip("there is no kubectl")

    def ends(condition, code, *, message=""):
        ended = {"type": condition, "status": "True", "reason": "PodFailurePolicy", "message": "it says"}
        pod = {
            "metadata": {"name": "pod-1", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": {
                "containerStatuses": [{"state": {"terminated": {"exitCode": code, "message": message}}}]
            },
        }
        pipeline.scenario |= {
            "job": [{}, {"spec": {"activeDeadlineSeconds": 3600}}, {"status": {"conditions": [ended]}}],
            "pods": [{"items": []}, {"items": [pod]}],
            "logs": {"pod-1": "6 migrations applied"},
        }
        return pipeline

    return ends


def release(pipeline, overlay="carthub", **environ):
    return pipeline.run("release.sh", OVERLAY=f"k8s/overlays/{overlay}", **({"IMAGE": IMAGE} | environ))


def test_a_release_is_a_job_of_a_new_name_with_the_image_by_digest(cluster):
    pipeline = cluster("Complete", 0)
    done = release(pipeline, CODEBUILD_INITIATOR='carol "c"')
    assert done.returncode == 0, done.stderr
    assert "-- log of pod-1\n6 migrations applied\n" in done.stdout
    (apply,) = (each for each in pipeline.asked if each["arguments"][0] == "apply")
    assert "--selector=runner/applied-by=pipeline" in apply["arguments"]
    found = [
        d
        for d in yaml.safe_load_all(apply["file"])
        if d["metadata"]["labels"]["runner/applied-by"] == "pipeline"
    ]
    (job,) = (d for d in found if d["kind"] == "Job")
    assert job["metadata"]["name"] == "database-migration-0123456-17"
    assert job["metadata"]["namespace"] == "shopping-cart"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    assert (container["image"], values["RUNNER_IMAGE"], values["RUNNER_ACTOR"]) == (IMAGE, IMAGE, 'carol "c"')
    crons = [d for d in found if d["kind"] == "CronJob"]
    assert len(crons) == 2
    for cron in crons:
        assert cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


def test_another_command_may_take_the_place_of_migrate(cluster):
    pipeline = cluster("Complete", 0)
    assert release(pipeline, ARGS=" rollback --to 0004  --yes ").returncode == 0
    (job,) = (d for d in yaml.safe_load_all(pipeline.applied()[0]) if d["kind"] == "Job")
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["rollback", "--to", "0004", "--yes"]


@pytest.mark.parametrize(
    ("line", "namespace"),
    [('namespace: "shop" # ours', "shop"), ("", "shopping-cart")],
    ids=["quoted", "inherited"],
)
def test_the_job_is_looked_for_in_the_namespace_that_kustomize_gives_it(cluster, tmp_path, line, namespace):
    pipeline = cluster("Complete", 0)
    overlay = tmp_path / "our overlay"
    overlay.mkdir()
    base = os.path.relpath(ROOT / "k8s/overlays/carthub", overlay)
    (overlay / "kustomization.yaml").write_text(f"resources: [{base}]\n{line}\n")
    done = pipeline.run("release.sh", OVERLAY=str(overlay), IMAGE=IMAGE)
    assert done.returncode == 0, done.stderr
    looks = [each["arguments"] for each in pipeline.asked if each["arguments"][:2] == ["get", "job"]]
    assert all(f"--namespace={namespace}" in look for look in looks)


def test_an_overlay_without_a_namespace_is_refused(cluster):
    pipeline = cluster("Complete", 0)
    done = pipeline.run("release.sh", OVERLAY="k8s/base", IMAGE=IMAGE)
    assert (done.returncode, pipeline.applied()) == (2, [])
    assert "error: k8s/base sets no namespace" in done.stderr


@pytest.mark.parametrize(("name", "ends"), [("Feature/1.2--", "feature-1-2"), ("x" * 39 + "--y", "x" * 39)])
def test_a_release_of_any_name_makes_a_valid_one_for_the_job(cluster, name, ends):
    done = release(cluster("Complete", 0), RELEASE=name)
    assert f"done: shopping-cart/database-migration-{ends}\n" in done.stdout


def test_a_pod_that_cannot_start_is_told_of_once(cluster):
    pipeline = cluster("Complete", 0)
    stuck = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    pod = pipeline.scenario["pods"][1]["items"][0]
    waits = {"items": [{**pod, "status": {"containerStatuses": [{"state": stuck}]}}]}
    pipeline.scenario["job"] = [{}, {}, {}, pipeline.scenario["job"][-1]]
    pipeline.scenario["pods"] = [waits, waits, waits, {"items": [pod]}]
    done = release(pipeline)
    assert done.stdout.count("pod-1 waits: ImagePullBackOff: no such image\n") == 1


@pytest.mark.parametrize(("code", "ends"), [(1, 1), (2, 2), (3, 3), (4, 4), (137, 1)])
def test_a_failed_migration_fails_the_build_with_its_code_and_its_line(cluster, code, ends):
    pipeline = cluster("Failed", code, message="error: it cannot be")
    done = release(pipeline)
    assert done.returncode == ends
    assert "6 migrations applied" in done.stdout
    assert done.stderr == (
        f"error: shopping-cart/database-migration-0123456-17 failed with exit code {code} (PodFailurePolicy: it says)\n"
        "  error: it cannot be\n"
    )


def test_a_pod_that_the_deadline_took_away_is_still_told_of(cluster):
    pipeline = cluster("Failed", 143)
    pod = pipeline.scenario["pods"][1]
    pipeline.scenario["pods"] = [{"items": []}, pod, {"items": []}]
    done = release(pipeline)
    assert done.returncode == 1
    assert "-- log of pod-1\n6 migrations applied\n" in done.stdout
    assert "failed with exit code 143" in done.stderr


def test_a_cluster_that_does_not_answer_for_a_moment_is_asked_again_and_not_for_ever(cluster):
    pipeline = cluster("Complete", 0)
    pipeline.scenario["job"][1:1] = [None] * 3
    pipeline.scenario["pods"] = pipeline.scenario["pods"][1:]
    assert release(pipeline).returncode == 0
    (pipeline.home / "looks").unlink()
    pipeline.scenario["job"] = [None]
    done = release(pipeline)
    assert done.returncode == 1
    assert (
        "error: the cluster no longer answers; shopping-cart/database-migration-0123456-17 may still be running"
        in done.stderr
    )


def test_a_job_that_does_not_end_is_not_waited_for_for_ever(cluster):
    pipeline = cluster("Complete", 0)
    pipeline.scenario["job"] = [{}]
    done = release(pipeline, WAIT_S="0")
    assert done.returncode == 1
    assert "did not end in time; it goes on by itself" in done.stderr


def test_an_apply_that_is_refused_fails_the_build(cluster):
    pipeline = cluster("Complete", 0)
    pipeline.scenario["apply"] = 1
    assert release(pipeline).returncode == 1


@pytest.mark.parametrize("image", ["repository:latest", "repository@sha256:abc", ""])
def test_only_a_digest_is_released(pipeline, image):
    done = release(pipeline, IMAGE=image)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert pipeline.asked == []


def test_the_build_pushes_one_tag_and_writes_down_the_digest(pipeline):
    pipeline.scenario["docker"] = {"digests": [f"elsewhere@{DIGEST}", IMAGE]}
    done = pipeline.run("build.sh", PYTHON_IMAGE="python:3.12-slim@sha256:1")
    assert done.returncode == 0, done.stderr
    assert (pipeline.home / "build/image").read_text() == f"{IMAGE}\n"
    build, push, _ = (each["arguments"] for each in pipeline.asked)
    tagged = IMAGE.partition("@")[0] + ":0123456-17"
    assert push == ["push", tagged]
    assert build[-3:] == ["--tag", tagged, "."]
    assert {f"GIT_COMMIT={COMMIT}", "VERSION=0123456-17", "PYTHON_IMAGE=python:3.12-slim@sha256:1"} <= set(
        build
    )


@pytest.mark.parametrize(
    "scenario", [{"digests": [], "build": 1}, {"digests": [], "push": 1}, {"digests": []}]
)
def test_a_build_that_failed_writes_nothing_down(pipeline, scenario):
    pipeline.scenario["docker"] = scenario
    assert pipeline.run("build.sh").returncode == 1
    assert not (pipeline.home / "build/image").exists()


def test_the_login_passes_the_password_through_a_pipe(pipeline):
    pipeline.scenario = {"aws": {"ecr get-login-password": {"text": "hunter2"}}, "docker": {"digests": []}}
    assert pipeline.run("login.sh").returncode == 0
    login = pipeline.asked[-1]
    assert login["stdin"] == "hunter2\n"
    assert login["arguments"][-1] == "111122223333.dkr.ecr.us-west-2.amazonaws.com"
    assert "hunter2" not in json.dumps([each["arguments"] for each in pipeline.asked])


def scanned(state, counts):
    found = {} if counts is None else {"imageScanFindings": {"findingSeverityCounts": counts}}
    return {"imageScanStatus": {"status": state, "description": "why"}, **found}


NOT_YET = {"error": "An error occurred (ScanNotFoundException) when calling DescribeImageScanFindings"}


@pytest.mark.parametrize(
    ("answers", "environ", "code", "said"),
    [
        pytest.param([NOT_YET, scanned("IN_PROGRESS", None), scanned("COMPLETE", {"LOW": 3})], {}, 0, "LOW 3", id="clean after a while"),
        pytest.param([scanned("ACTIVE", {})], {}, 0, "nothing found", id="clean, enhanced scanning"),
        pytest.param([scanned("COMPLETE", {"HIGH": 1, "LOW": 3})], {}, 1, "the scan found HIGH 1", id="found"),
        pytest.param([scanned("COMPLETE", {"HIGH": 1})], {"SCAN_BLOCKS": "CRITICAL"}, 0, "HIGH 1", id="found, allowed"),
        pytest.param([scanned("FAILED", None)], {}, 1, "could not scan the image: why", id="failed"),
        pytest.param([NOT_YET], {"SCAN_WAIT_S": "0"}, 1, "did not end in 0 s", id="never begun"),
        pytest.param([{"error": "AccessDeniedException"}], {}, 1, "AccessDeniedException", id="not allowed to look"),
    ],
)  # fmt: skip
def test_the_scan_is_a_gate(pipeline, answers, environ, code, said):
    pipeline.scenario["aws"] = {"ecr describe-image-scan-findings": answers}
    done = pipeline.run("scan.sh", IMAGE=IMAGE, **environ)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    asked = pipeline.asked[0]["arguments"]
    assert f"imageDigest={DIGEST}" in asked
    assert asked[asked.index("--repository-name") + 1] == "carthub-database"


def test_the_secret_passes_through_pipes(cluster):
    pipeline = cluster("Complete", 0)
    held = {"username": "app", "password": "p@ss:/?#%&'\" \\ é $(x)", "host": "h"}
    pipeline.scenario["aws"] = {"secretsmanager get-secret-value": {"text": json.dumps(held)}}
    done = pipeline.run("secret.sh", DB_SECRET_ARN="arn:x", OVERLAY="k8s/overlays/api-server")
    assert done.returncode == 0, done.stderr
    (applied,) = pipeline.applied()
    secret = json.loads(applied)
    assert secret["metadata"] == {"name": "db-migration-secret", "namespace": "api-server"}
    assert {key: base64.b64decode(value).decode() for key, value in secret["data"].items()} == {
        "username": held["username"],
        "password": held["password"],
    }
    assert (
        "p@ss" not in json.dumps([each["arguments"] for each in pipeline.asked]) + done.stdout + done.stderr
    )
    assert "--server-side" in pipeline.asked[-1]["arguments"]


@pytest.mark.parametrize(
    "answer", [{"text": '{"username": "app"}'}, {"text": "hunter2"}, {"error": "AccessDenied"}]
)
def test_a_secret_that_is_none_fails_and_shows_nothing_of_it(cluster, answer):
    pipeline = cluster("Complete", 0)
    pipeline.scenario["aws"] = {"secretsmanager get-secret-value": answer}
    done = pipeline.run("secret.sh", DB_SECRET_ARN="arn:x", OVERLAY="k8s/overlays/api-server")
    assert done.returncode != 0
    assert "hunter2" not in done.stdout + done.stderr


def test_after_a_failed_build_nothing_is_released(pipeline):
    done = pipeline.run("after-build.sh", CODEBUILD_BUILD_SUCCEEDING="0")
    assert (done.returncode, done.stderr) == (1, "error: the build failed; nothing is released\n")
    assert pipeline.asked == []


@pytest.mark.parametrize(("overlay", "secrets"), [("carthub", 0), ("api-server", 1)])
def test_after_the_build_the_secret_is_filled_where_there_is_one_and_the_job_runs(cluster, overlay, secrets):
    pipeline = cluster("Complete", 0)
    pipeline.scenario["aws"] = {
        "eks update-kubeconfig": {"text": "updated"},
        "secretsmanager get-secret-value": {"text": '{"username": "u", "password": "p"}'},
    }
    done = pipeline.run(
        "after-build.sh", OVERLAY=f"k8s/overlays/{overlay}", EKS_CLUSTER_NAME="c", DB_SECRET_ARN="arn:x",
        IMAGE=IMAGE, CODEBUILD_BUILD_SUCCEEDING="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(pipeline.applied()) == secrets + 1


def test_kubectl_is_installed_only_when_it_is_what_was_asked_for(pipeline, tmp_path):
    pipeline.scenario["version"] = "v1.0.0"
    program = tmp_path / "served"
    program.write_text("#!/bin/sh\necho kubectl\n")
    right = hashlib.sha256(program.read_bytes()).hexdigest()
    given = {"KUBECTL_VERSION": "v1.34.1", "KUBECTL_URL": program.as_uri(), "BIN": str(tmp_path / "bin")}

    wrong = pipeline.run("install-kubectl.sh", **given, KUBECTL_SHA256="0" * 64)
    assert wrong.returncode == 1
    assert f"is not the kubectl that was asked for: its SHA-256 is {right}" in wrong.stderr
    assert not (tmp_path / "bin/kubectl").exists()

    done = pipeline.run("install-kubectl.sh", **given, KUBECTL_SHA256=right)
    assert (done.returncode, done.stdout) == (0, f"kubectl v1.34.1 is in {tmp_path}/bin\n")
    assert os.access(tmp_path / "bin/kubectl", os.X_OK)

    (tmp_path / "served.sha256").write_text(f"{right}\n")
    assert pipeline.run("install-kubectl.sh", **given).returncode == 0
    pipeline.scenario["version"] = "v1.34.1"
    there = pipeline.run("install-kubectl.sh", **given | {"KUBECTL_URL": "file:///nowhere"})
    assert (there.returncode, there.stdout) == (0, "kubectl v1.34.1 is there\n")


@pytest.mark.parametrize(
    ("script", "missing"),
    [("install-kubectl.sh", "KUBECTL_VERSION"), ("secret.sh", "DB_SECRET_ARN"), ("release.sh", "OVERLAY"),
     ("after-build.sh", "EKS_CLUSTER_NAME")],
)  # fmt: skip
def test_what_is_not_set_is_named(pipeline, script, missing):
    done = pipeline.run(script)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {missing} is not set")


def test_the_workflows_are_valid_and_have_the_buildspecs_stages():
    program = Path(sys.executable).with_name("check-jsonschema")
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert [each.name for each in workflows] == ["migrate.yml", "review.yml"]
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.github-workflows", *workflows], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    jobs = [job for each in workflows for job in yaml.safe_load(each.read_text("utf-8"))["jobs"].values()]
    steps = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    phases = yaml.safe_load((ROOT / "buildspec.yml").read_text("utf-8"))["phases"]
    stages = [command for phase in phases.values() for command in phase["commands"]]
    assert set(steps) == {*stages, "make .venv/.ready"}
    assert phases["post_build"]["commands"] == ["scripts/ci/after-build.sh"]
    assert all("@" in step["uses"] and len(step["uses"].partition("@")[2]) == 40
               for job in jobs for step in job["steps"] if "uses" in step)  # fmt: skip
    for command in stages:
        if command.startswith("scripts/"):
            assert os.access(ROOT / command, os.X_OK)


def test_the_files_are_proved_on_a_server_of_the_runs_own(pipeline):
    done = pipeline.run("validate.sh", DATABASE_URL="postgresql://production.example/x")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("== ")] == [
        "== runner lint",
        "== runner snapshot --check",
        "== runner migrate",
        "== runner validate",
        "== runner rollback --database api_server --all --yes",
        "== runner rollback --database carthub --all --yes",
        "== runner migrate",
        "== runner validate",
        "== runner status --check",
    ]
    assert "production.example" not in done.stdout + done.stderr
