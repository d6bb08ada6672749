#!/usr/bin/env bash
# Wait for ECR's scan of the image, and stop the pipeline when it found something of a severity that SCAN_BLOCKS names.
#
#   SCAN_BLOCKS    default: "CRITICAL HIGH"
#   SCAN_WAIT_S    how long the scan may take (600)
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

set_image
repository=${IMAGE%%@*}
repository=${repository#*/}
until_s=$((SECONDS + ${SCAN_WAIT_S:-600}))

while true; do
    # a scan that has not begun is an error to ECR
    answer=$(aws ecr describe-image-scan-findings --region "$AWS_REGION" --repository-name "$repository" \
        --image-id "imageDigest=${IMAGE##*@}" --output json 2>&1) || true
    state=$(jq -r '.imageScanStatus.status' <<<"$answer" 2>/dev/null || true)
    case $state in
        COMPLETE | ACTIVE) break ;;
        FAILED | UNSUPPORTED_IMAGE | SCAN_ELIGIBILITY_EXPIRED | FINDINGS_UNAVAILABLE | LIMIT_EXCEEDED)
            echo "error: ECR could not scan the image: $(jq -r '.imageScanStatus.description // .imageScanStatus.status' <<<"$answer")" >&2
            exit 1
            ;;
    esac
    if [ -z "$state" ] && ! grep -q ScanNotFoundException <<<"$answer"; then
        printf 'error: ECR does not answer the question for the scan\n%s\n' "$answer" >&2
        exit 1
    fi
    if [ "$SECONDS" -ge "$until_s" ]; then
        echo "error: the scan of $IMAGE did not end in ${SCAN_WAIT_S:-600} s" >&2
        echo "  hint: is scanning on push enabled for the repository?" >&2
        exit 1
    fi
    sleep "${POLL_S:-5}"
done

counts=$(jq -r '.imageScanFindings.findingSeverityCounts // {} | to_entries[] | "\(.key) \(.value)"' <<<"$answer")
echo "scan of $IMAGE:"
printf '  %s\n' "${counts:-nothing found}"
for severity in ${SCAN_BLOCKS:-CRITICAL HIGH}; do
    if grep -q "^$severity [1-9]" <<<"$counts"; then
        echo "error: the scan found $(grep "^$severity " <<<"$counts")" >&2
        echo "  hint: build again for the distribution's fixes, raise PYTHON_IMAGE, or set SCAN_BLOCKS" >&2
        exit 1
    fi
done
