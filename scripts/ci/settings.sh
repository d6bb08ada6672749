# What the pipeline's scripts share; sourced, not run.
#
#   AWS_ACCOUNT_ID, AWS_REGION or AWS_DEFAULT_REGION, IMAGE_REPO_NAME   lead to ECR, as in CodeBuild's own examples;
#   REPOSITORY_URI                                                      or the repository itself, of any registry
#   RELEASE          names this release's Job and tags its image (default: commit and build number)
# shellcheck shell=bash

fail() { # message, hint
    echo "error: $1" >&2
    [ $# -lt 2 ] || echo "  hint: $2" >&2
    exit 2
}

need() { # name of a variable, what it is
    [ -n "${!1:-}" ] || fail "$1 is not set" "Set it to $2."
}

AWS_REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION
IMAGE_FILE=${IMAGE_FILE:-build/image}
export IMAGE_FILE

set_commit() {
    COMMIT=${CODEBUILD_RESOLVED_SOURCE_VERSION:-${GITHUB_SHA:-$(git rev-parse HEAD 2>/dev/null || true)}}
    need COMMIT "the commit that is released"
}

set_release() {
    set_commit
    local number=${CODEBUILD_BUILD_NUMBER:-${GITHUB_RUN_ID:+$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-1}}}
    RELEASE=${RELEASE:-${COMMIT:0:7}-${number:-$(date -u +%Y%m%d%H%M%S)}}
    # it becomes part of a Kubernetes name
    RELEASE=$(printf %s "$RELEASE" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9-' '-' | cut -c 1-40)
    while [[ $RELEASE == *- ]]; do RELEASE=${RELEASE%-}; done
    need RELEASE "letters, digits and dashes"
}

set_repository() {
    if [ -z "${REPOSITORY_URI:-}" ]; then
        need AWS_ACCOUNT_ID "the AWS account of the image repository"
        need AWS_REGION "the region of the image repository"
        need IMAGE_REPO_NAME "the name of the image repository"
        REPOSITORY_URI=$AWS_ACCOUNT_ID.dkr.ecr.$AWS_REGION.amazonaws.com/$IMAGE_REPO_NAME
    fi
}

# As kustomize understood the overlay, whose own line may be quoted, or inherited.
set_namespace() { # of the first document of this kind; stdin is what was rendered
    NAMESPACE=${NAMESPACE:-$(awk -v kind="$1" '
        /^---/ { found = 0 }
        $1 == "kind:" && $2 == kind && /^kind/ { found = 1 }
        found && /^  namespace:/ && !name { name = $2; gsub(/["\047]/, "", name) }
        END { print name }')}
    [ -n "$NAMESPACE" ] || fail "$OVERLAY sets no namespace" "Write one into its kustomization.yaml."
}

set_image() {
    [ -n "${IMAGE:-}" ] || IMAGE=$(cat "$IMAGE_FILE" 2>/dev/null) || fail "there is no image to release" \
        "Run scripts/ci/build.sh first, or set IMAGE to repository@sha256:…"
    [[ $IMAGE =~ ^[^@[:space:]]+@sha256:[0-9a-f]{64}$ ]] || fail "IMAGE is not repository@sha256:…: $IMAGE" \
        "A tag may be moved between the scan and the run; a digest may not."
}
