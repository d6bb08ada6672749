#!/usr/bin/env bash
# Put kubectl into BIN (default ~/bin) unless the wanted one is on PATH; a download that is not what was asked for is not kept.
#
#   KUBECTL_VERSION   such as v1.34.1, within one minor version of the cluster's
#   KUBECTL_SHA256    its checksum, written down where it was reviewed (default: the one published beside it, which guards
#                     against a broken download only)
#   KUBECTL_URL       where it is (default: the Kubernetes project's)
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

need KUBECTL_VERSION "a version of kubectl, such as v1.34.1"
bin=${BIN:-$HOME/bin}

if found=$(kubectl version --client --output=json 2>/dev/null | jq -r .clientVersion.gitVersion) &&
    [ "$found" = "$KUBECTL_VERSION" ]; then
    echo "kubectl $KUBECTL_VERSION is there"
    exit
fi

case $(uname -m) in
    x86_64) machine=amd64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) fail "there is no kubectl for $(uname -m)" ;;
esac
url=${KUBECTL_URL:-https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$machine/kubectl}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get() { curl --fail --silent --show-error --location --proto '=https,file' --retry 3 --output "$2" "$1"; }
get "$url" "$folder/kubectl"
if [ -z "${KUBECTL_SHA256:-}" ]; then
    get "$url.sha256" "$folder/sha256"
    KUBECTL_SHA256=$(cut -c 1-64 "$folder/sha256")
fi
if ! echo "$KUBECTL_SHA256  $folder/kubectl" | sha256sum --check --status; then
    echo "error: $url is not the kubectl that was asked for: its SHA-256 is $(sha256sum <"$folder/kubectl" | cut -c 1-64)" >&2
    echo "  hint: nothing was installed; compare KUBECTL_SHA256 with what the Kubernetes project publishes" >&2
    exit 1
fi
mkdir -p "$bin"
install -m 0755 "$folder/kubectl" "$bin/kubectl"
echo "kubectl $KUBECTL_VERSION is in $bin"
