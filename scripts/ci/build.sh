#!/usr/bin/env bash
# Build the image, push it under this release's tag, and write down what was pushed by its digest (build/image).
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

set_release
set_repository
tagged=$REPOSITORY_URI:$RELEASE

docker build --pull \
    --build-arg "VERSION=$RELEASE" \
    --build-arg "GIT_COMMIT=$COMMIT" \
    --build-arg "CREATED=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    ${PYTHON_IMAGE:+--build-arg "PYTHON_IMAGE=$PYTHON_IMAGE"} \
    --tag "$tagged" .
docker push "$tagged"

image=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$tagged" |
    grep --fixed-strings --max-count=1 "$REPOSITORY_URI@sha256:" || true)
if [ -z "$image" ]; then
    echo "error: docker does not say which digest it pushed for $tagged" >&2
    exit 1
fi
mkdir -p "$(dirname "$IMAGE_FILE")"
echo "$image" >"$IMAGE_FILE"
echo "pushed $image"
