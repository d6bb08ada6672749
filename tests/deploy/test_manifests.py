"""Each line of the manifests that keeps something out, or a Job from lying."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest
import yaml

from tests.deploy import dockerfile
from tests.deploy.manifests import OVERLAYS, ROOT, documents, job_specs, of_kind, pod_specs, verdict

EVERY = [*OVERLAYS, "examples/application"]
VERSIONS = ["1.31", "1.34"]


@pytest.mark.parametrize("folder", EVERY)
@pytest.mark.parametrize("version", VERSIONS)
def test_each_document_is_what_the_api_of_that_version_knows(folder, version):
    found = documents(folder)
    assert found
    for document in found:
        kubernetes_validate.validate(document, version, strict=True)


def test_strict_validation_notices_a_misspelt_field():
    job = of_kind("overlays/carthub", "Job")["database-migration"]
    job["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, VERSIONS[0], strict=True)


@pytest.mark.parametrize("folder", EVERY)
def test_pods_have_no_more_rights_than_they_need(folder):
    for pod in pod_specs(folder).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert all(volume.keys() <= {"name", "emptyDir", "configMap"} for volume in pod["volumes"])
        assert all(
            "sizeLimit" in v["emptyDir"] and "medium" not in v["emptyDir"]
            for v in pod["volumes"]
            if "emptyDir" in v
        )
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "privileged": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
            }
            assert {"mountPath": "/tmp", "name": "tmp"} in container["volumeMounts"]
            assert container["resources"].keys() == {"requests", "limits"}


@pytest.mark.parametrize("folder", EVERY)
def test_the_user_is_the_images(folder):
    uid, gid = map(int, dockerfile.only(dockerfile.stages()[-1], "USER").split(":"))
    for pod in pod_specs(folder).values():
        assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (uid, gid)


@pytest.mark.parametrize("folder", EVERY)
def test_no_value_is_put_together_from_others_and_no_password_is_written(folder):
    for pod in pod_specs(folder).values():
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            for each in container.get("env", []):
                assert "$(" not in each.get("value", "")
                assert "PASSWORD" not in each["name"] or "secretKeyRef" in each["valueFrom"]
    assert all("data" not in d and "stringData" not in d for d in documents(folder) if d["kind"] == "Secret")


@pytest.mark.parametrize("folder", EVERY)
def test_a_pod_does_not_wait_for_what_is_missing_so_that_runner_can_say_it(folder):
    for pod in pod_specs(folder).values():
        assert all(volume["configMap"]["optional"] for volume in pod["volumes"] if "configMap" in volume)
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            for each in container.get("env", []):
                assert "valueFrom" not in each or each["valueFrom"]["secretKeyRef"]["optional"] is True


@pytest.mark.parametrize("folder", OVERLAYS)
def test_jobs_end(folder):
    for job in job_specs(folder).values():
        pod = job["template"]["spec"]
        assert pod["restartPolicy"] == "Never"
        assert pod["terminationGracePeriodSeconds"] == 30
        assert 0 < job["backoffLimit"] <= 6
        assert job["activeDeadlineSeconds"] > 0
        assert job["ttlSecondsAfterFinished"] > 0
        (container,) = pod["containers"]
        assert container["terminationMessagePath"] == "/dev/termination-log"
        assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
        assert container["resources"] == {
            "requests": {"memory": "128Mi", "cpu": "100m"},
            "limits": {"memory": "256Mi", "cpu": "200m"},
        }


@pytest.mark.parametrize("folder", OVERLAYS)
def test_what_would_fail_again_is_not_tried_again_and_what_may_pass_is(folder):
    for job in job_specs(folder).values():
        policy = job["podFailurePolicy"]
        assert [verdict(policy, code) for code in (1, 2, 3)] == ["FailJob"] * 3
        assert [verdict(policy, code) for code in (4, 137, 143)] == ["Count"] * 3
        assert policy["rules"][1] == {
            "action": "Ignore",
            "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
        }
        names = {rule["onExitCodes"]["containerName"] for rule in policy["rules"] if "onExitCodes" in rule}
        assert names == {job["template"]["spec"]["containers"][0]["name"]}


@pytest.mark.parametrize("folder", OVERLAYS)
def test_cron_jobs_do_not_overlap_and_run_their_command(folder):
    found = of_kind(folder, "CronJob")
    assert {name: each["spec"]["concurrencyPolicy"] for name, each in found.items()} == {
        "database-maintenance": "Forbid",
        "database-backup": "Forbid",
    }
    commands = {name: pod["containers"][0]["args"][0] for name, pod in pod_specs(folder).items()}
    assert commands == {
        "database-migration": "migrate",
        "database-maintenance": "maintenance",
        "database-backup": "backup",
    }


@pytest.mark.parametrize("folder", OVERLAYS)
def test_everything_is_in_the_overlays_namespace_and_says_who_applies_it(folder):
    (namespace,) = of_kind(folder, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for document in documents(folder):
        metadata = document["metadata"]
        if document["kind"] != "Namespace":
            assert metadata["namespace"] == namespace["metadata"]["name"]
        by = "pipeline" if document["kind"] in {"Job", "CronJob"} else "administrator"
        assert metadata["labels"]["runner/applied-by"] == by


@pytest.mark.parametrize("folder", OVERLAYS)
def test_service_accounts_are_there_and_carry_no_token(folder):
    accounts = of_kind(folder, "ServiceAccount")
    assert {pod["serviceAccountName"] for pod in pod_specs(folder).values()} == set(accounts)
    assert all(each["automountServiceAccountToken"] is False for each in accounts.values())


def test_carthubs_pods_have_a_role_in_aws_and_the_api_servers_migration_has_none():
    role = "eks.amazonaws.com/role-arn"
    carthub = of_kind("overlays/carthub", "ServiceAccount")
    assert all(
        re.match(r"arn:aws:iam::\d{12}:role/", a["metadata"]["annotations"][role]) for a in carthub.values()
    )
    other = of_kind("overlays/api-server", "ServiceAccount")["migration-service-account"]
    assert "annotations" not in other["metadata"]


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_network_is_closed_but_for_names_postgresql_and_aws(folder):
    policies = {name: each["spec"] for name, each in of_kind(folder, "NetworkPolicy").items()}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}

    def ports(name):
        assert policies[name]["policyTypes"] == ["Egress"]
        return {(p["protocol"], p["port"]) for rule in policies[name]["egress"] for p in rule["ports"]}

    assert ports("allow-dns") == {("UDP", 53), ("TCP", 53)}
    assert policies["allow-dns"]["podSelector"] == {}
    for name, app in (("backend-to-database", "backend"), ("migration-to-database", "database-migration")):
        assert ports(name) == {("TCP", 5432), ("TCP", 443)}
        assert policies[name]["podSelector"] == {"matchLabels": {"app": app}}
    for job in job_specs(folder).values():
        assert job["template"]["metadata"]["labels"]["app"] == "database-migration"


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_pipeline_may_release_and_nothing_else(folder):
    (role,) = of_kind(folder, "Role").values()
    granted = {
        (resource, verb, tuple(rule.get("resourceNames", ())))
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    crons = ("database-maintenance", "database-backup")
    assert granted == {
        ("jobs", "create", ()), ("jobs", "get", ()),
        ("cronjobs", "create", ()), ("cronjobs", "get", crons), ("cronjobs", "patch", crons),
        ("pods", "get", ()), ("pods", "list", ()), ("pods/log", "get", ()),
        ("secrets", "patch", ("db-migration-secret",)),
    }  # fmt: skip
    (binding,) = of_kind(folder, "RoleBinding").values()
    assert [subject["kind"] for subject in binding["subjects"]] == ["Group"]
    assert set(crons) == set(of_kind(folder, "CronJob"))


def test_the_application_starts_when_its_schema_is_there():
    (pod,) = pod_specs("examples/application").values()
    (waits,) = pod["initContainers"]
    assert waits["args"] == ["wait", "--for", "applied", "--timeout", "5min"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "k8s").rglob("*.yaml")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_file_is_used(path):
    kustomization = path.parent / "kustomization.yaml"
    if path != kustomization:
        content = yaml.safe_load(kustomization.read_text("utf-8"))
        used = [*content["resources"], *(patch.get("path") for patch in content.get("patches", []))]
        assert path.name in used
