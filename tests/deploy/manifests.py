"""The manifests as kubectl renders them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OVERLAYS = ["overlays/api-server", "overlays/carthub"]


@cache
def rendered(folder: str) -> str:
    """Return what `kubectl kustomize` makes of a folder below k8s/; skip where there is no kubectl."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl")
    done = subprocess.run(["kubectl", "kustomize", ROOT / "k8s" / folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def documents(folder: str) -> list[dict[str, Any]]:
    """Return the objects of a folder."""
    return list(yaml.safe_load_all(rendered(folder)))


def of_kind(folder: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return a folder's objects of one kind by their names."""
    return {each["metadata"]["name"]: each for each in documents(folder) if each["kind"] == kind}


def pod_specs(folder: str) -> dict[str, dict[str, Any]]:
    """Return the pod of each Job, CronJob and Deployment."""
    found = {}
    for each in documents(folder):
        spec = each.get("spec", {})
        if each["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            found[each["metadata"]["name"]] = spec["template"]["spec"]
    return found


def job_specs(folder: str) -> dict[str, dict[str, Any]]:
    """Return the Job, and the Job that each CronJob makes."""
    jobs = {name: each["spec"] for name, each in of_kind(folder, "Job").items()}
    return jobs | {
        name: each["spec"]["jobTemplate"]["spec"] for name, each in of_kind(folder, "CronJob").items()
    }


def environment(container: dict[str, Any], secret: dict[str, str]) -> dict[str, str]:
    """Return the variables that the kubelet would set, with the content of the Secret."""
    return {
        each["name"]: each["value"] if "value" in each else secret[each["valueFrom"]["secretKeyRef"]["key"]]
        for each in container["env"]
    }


def verdict(policy: dict[str, Any], exit_code: int) -> str:
    """Return what the Job controller does with a pod that ended so: the first rule that fits; else it counts."""
    for rule in policy["rules"]:
        codes = rule.get("onExitCodes")
        if codes is not None and exit_code in codes["values"]:
            assert codes["operator"] == "In"
            return str(rule["action"])
    return "Count"
