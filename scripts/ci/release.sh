#!/usr/bin/env bash
# Run the migration in the cluster: render the overlay with this image and a Job of a new name, apply it, wait for its end,
# print what its pods said, and end as the migration ended.
#
#   OVERLAY   such as k8s/overlays/carthub
#   IMAGE     repository@sha256:… (default: what scripts/ci/build.sh pushed)
#   ARGS      another command in place of `migrate`: ARGS="rollback --to 0004 --yes", ARGS=doctor
#   WAIT_S    how long to wait (default: a little longer than the Job's own deadline)
#
# Exit codes: 0 done, 1 to 4 the migration's own, 1 anything else.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

need OVERLAY "an overlay, such as k8s/overlays/carthub"
[ -f "$OVERLAY/kustomization.yaml" ] || fail "there is no $OVERLAY/kustomization.yaml" "Set OVERLAY to a folder of k8s/overlays."
set_release
set_image
readonly JOB=database-migration-$RELEASE
actor=${RUNNER_ACTOR:-${CODEBUILD_INITIATOR:-${GITHUB_ACTOR:-}}}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# shellcheck disable=SC2016 # jq's variables
render() {
    jq --null-input --arg overlay "$(realpath --relative-to="$folder" "$OVERLAY")" --arg job "$JOB" \
        --arg name "${IMAGE%%@*}" --arg digest "${IMAGE##*@}" --arg actor "$actor" --arg arguments "${ARGS:-}" '
        ["spec.template.spec.containers.[name=migration]"] as [$container] |
        {
            apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: [$overlay],
            images: [{name: "runner", newName: $name, digest: $digest}],
            patches: [{
                target: {kind: "Job", name: "database-migration"},
                patch: ([{op: "replace", path: "/metadata/name", value: $job}] + (
                    if $actor == "" then [] else
                    [{op: "add", path: "/spec/template/spec/containers/0/env/-", value: {name: "RUNNER_ACTOR", value: $actor}}]
                    end) + (
                    if ($arguments | test("^ *$")) then [] else
                    [{op: "replace", path: "/spec/template/spec/containers/0/args", value: [$arguments | splits(" +") | select(. != "")]}]
                    end) | tojson)
            }],
            replacements: [{
                source: {kind: "Job", fieldPath: ($container + ".image")},
                targets: [{select: {kind: "Job"}, fieldPaths: [$container + ".env.[name=RUNNER_IMAGE].value"]}]
            }]
        }' >"$folder/kustomization.yaml"
    kubectl kustomize "$folder" >"$folder/release"
}

# Keep what there is to see at each look: with a Job's deadline its pods go, and their logs with them.
look() {
    local name
    kubectl get pods --namespace="$NAMESPACE" --selector="batch.kubernetes.io/job-name=$JOB" --output=json >"$folder/seen" || return 0
    jq -e '.items | length > 0' "$folder/seen" >/dev/null || return 0
    mv "$folder/seen" "$folder/pods"
    jq -r '.items[] | .metadata.name as $pod | .status.containerStatuses[]?.state.waiting | select(. != null)
        | select(.reason | IN("ContainerCreating", "PodInitializing") | not) | "\($pod) waits: \(.reason): \(.message)"' \
        "$folder/pods" >"$folder/waits"
    if [ -s "$folder/waits" ] && ! cmp -s "$folder/waits" "$folder/waited"; then
        cat "$folder/waits"
        mv "$folder/waits" "$folder/waited"
    fi
    for name in $(names); do
        if kubectl logs --namespace="$NAMESPACE" "$name" >"$folder/log" 2>/dev/null; then
            mv "$folder/log" "$folder/log.$name"
        fi
    done
}

names() { # of the pods, oldest first
    jq -r '.items | sort_by(.metadata.creationTimestamp)[].metadata.name' "$folder/pods"
}

told() {
    local name
    look
    for name in $(names); do
        echo "-- log of $name"
        cat "$folder/log.$name" 2>/dev/null || echo "(none)"
    done
}

last() { # field of the newest pod's end
    jq -r --arg field "$1" '.items | sort_by(.metadata.creationTimestamp) | last
        | .status.containerStatuses[0].state.terminated[$field] // empty' "$folder/pods"
}

ended() { # print Complete, Failed or nothing
    jq -r '[.status.conditions[]? | select(.status == "True" and (.type == "Complete" or .type == "Failed")).type][0] // empty' "$folder/job"
}

render
set_namespace Job <"$folder/release"
echo "releasing $IMAGE as $NAMESPACE/$JOB"
kubectl apply --filename="$folder/release" --selector=runner/applied-by=pipeline

echo '{"items": []}' >"$folder/pods"
began_s=$SECONDS
wait_s=${WAIT_S:-3900}
missed=0
while true; do
    if kubectl get job "$JOB" --namespace="$NAMESPACE" --output=json >"$folder/job"; then
        missed=0
        [ -z "$(ended)" ] || break
        wait_s=${WAIT_S:-$(jq '(.spec.activeDeadlineSeconds // 3600) + 300' "$folder/job")}
        look
    elif [ $((missed += 1)) -ge 10 ]; then
        echo "error: the cluster no longer answers; $NAMESPACE/$JOB may still be running" >&2
        exit 1
    fi
    if [ $((SECONDS - began_s)) -ge "$wait_s" ]; then
        told
        echo "error: $NAMESPACE/$JOB did not end in time; it goes on by itself, until its own deadline" >&2
        exit 1
    fi
    sleep "${POLL_S:-5}"
done

told
if [ "$(ended)" = Complete ]; then
    echo "done: $NAMESPACE/$JOB"
    exit
fi
code=$(last exitCode)
reason=$(jq -r '[.status.conditions[]? | select(.type == "Failed")][0] | "\(.reason): \(.message)"' "$folder/job")
echo "error: $NAMESPACE/$JOB failed with exit code ${code:-unknown} ($reason)" >&2
message=$(last message)
[ -z "$message" ] || printf '  %s\n' "$message" >&2
case $code in
    [1-4]) exit "$code" ;;
    *) exit 1 ;;
esac
