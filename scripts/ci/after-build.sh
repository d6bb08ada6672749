#!/usr/bin/env bash
# Release what was built. CodeBuild comes here after a failed build too, and then nothing is released.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

if [ "${CODEBUILD_BUILD_SUCCEEDING:-1}" != 1 ]; then
    echo "error: the build failed; nothing is released" >&2
    exit 1
fi
need EKS_CLUSTER_NAME "the cluster"
need OVERLAY "an overlay, such as k8s/overlays/carthub"
export PATH=${BIN:-$HOME/bin}:$PATH

aws eks update-kubeconfig --region "$AWS_REGION" --name "$EKS_CLUSTER_NAME"
if [ -f "$OVERLAY/secret.yaml" ]; then
    scripts/ci/secret.sh
fi
scripts/ci/release.sh
