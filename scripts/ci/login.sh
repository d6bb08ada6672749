#!/usr/bin/env bash
# Log docker in to ECR. The password goes through a pipe, never through an argument.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

set_repository
aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"
