"""scripts/ci/report.sh: where the report is told, and how the run ends."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from tests.deploy.manifests import ROOT
from tests.deploy.test_pipeline import Pipeline

MARK = "<!-- runner verify -->\n"


@pytest.fixture
def review(tmp_path, server):
    """The script in a run for a pull request that touches no migration."""
    pipeline = Pipeline(tmp_path)
    url = f"postgresql://{server['user']}:{server['password']}@{server['host']}:{server['port']}/postgres"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    pipeline.environ |= {
        "RUNNER_SCRATCH_URL": url,
        "REPORT": str(tmp_path / "report"),
        "BASE": head.stdout.strip(),
        "DATABASE_URL": "postgresql://production.example/x",
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "shop/database",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "42",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GH_TOKEN": "token",
    }
    pipeline.scenario["gh"] = {"comments": []}
    return pipeline


def written(pipeline):
    return [(each["arguments"], each["body"]) for each in pipeline.asked if "body" in each]


def test_the_first_report_is_a_new_comment(review):
    done = review.run("report.sh", PULL_REQUEST="7")
    assert done.returncode == 0, done.stderr
    ((arguments, body),) = written(review)
    assert arguments[:5] == ["api", "--silent", "--method", "POST", "repos/shop/database/issues/7/comments"]
    assert body.startswith(f"{MARK}## Database change: ")
    assert "https://github.example/shop/database/actions/runs/42" in body


def test_a_later_one_takes_its_place(review):
    review.scenario["gh"]["comments"] = [31, 32]
    assert review.run("report.sh", PULL_REQUEST="7").returncode == 0
    ((arguments, _),) = written(review)
    assert arguments[2:5] == ["--method", "PATCH", "repos/shop/database/issues/comments/31"]


def test_only_our_own_comment_is_looked_for(review):
    review.run("report.sh", PULL_REQUEST="7")
    (asked, *_) = review.asked
    question = asked["arguments"][asked["arguments"].index("--jq") + 1]
    assert 'select(.user.login == "github-actions[bot]"' in question
    assert 'startswith("<!-- runner verify -->")' in question


def test_of_a_fork_the_summary_alone_is_written(review, tmp_path):
    assert review.run("report.sh", PULL_REQUEST="").returncode == 0
    assert review.asked == []
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("## Database change: ")


def test_a_comment_that_cannot_be_written_is_a_warning(review):
    review.scenario["gh"]["error"] = 1
    done = review.run("report.sh", PULL_REQUEST="7")
    assert done.returncode == 0
    assert "warning: the comments of the pull request cannot be read" in done.stderr


def test_without_a_base_every_file_is_rehearsed_and_every_form_is_there(review, tmp_path):
    done = review.run("report.sh", BASE="")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names >= {"report.md", "report.html", "report.json", "findings.sarif", "junit.xml"}
    document = json.loads((tmp_path / "report/report.json").read_text("utf-8"))
    assert all(found["ok"] for found in document["databases"])
    assert [len(found["migrations"]) > 0 for found in document["databases"]] == [True, True]
    assert "production.example" not in done.stdout + done.stderr


def test_what_cannot_be_rehearsed_is_told_with_its_reason(review):
    done = review.run("report.sh", PULL_REQUEST="7", BASE="nowhere")
    assert done.returncode == 2
    ((_, body),) = written(review)
    assert body.startswith(
        f"{MARK}## Database change: it could not be rehearsed\n\n    error: git cannot compare"
    )


def test_the_run_may_write_its_comment_and_findings_and_nothing_else():
    workflow = yaml.safe_load((ROOT / ".github/workflows/review.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow[True]) == {"pull_request"}  # YAML's `on`; never pull_request_target
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {
        "contents": "read",
        "pull-requests": "write",
        "security-events": "write",
    }
    (step,) = (step for step in job["steps"] if step.get("run") == "scripts/ci/report.sh")
    assert "github.event.pull_request.head.repo.full_name == github.repository" in step["env"]["PULL_REQUEST"]
