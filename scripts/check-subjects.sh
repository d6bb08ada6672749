#!/usr/bin/env bash
# Check that the subject of each commit has at most 72 characters; silent when all do. Called by `make check`.
# Without git, or in a clone that lacks the first commit to check, one line says that nothing was checked.
set -euo pipefail
export LC_ALL=C.UTF-8 # characters are counted, not bytes
cd "$(dirname "$0")/.."

# Older subjects are longer, and stay as they are.
readonly SINCE=89c24d6b93eb417cf142e4db952496028bc23f38
readonly LONGEST=72

if ! git cat-file -e "$SINCE^{commit}" 2>/dev/null; then
    echo "commit subjects not checked: no git, or a clone without ${SINCE:0:7}"
    exit 0
fi

status=0
while IFS=' ' read -r commit subject; do
    if [ ${#subject} -gt "$LONGEST" ]; then
        echo "error: the subject of $commit has ${#subject} characters: $subject" >&2
        status=1
    fi
done < <(git log --no-merges --format='%h %s' "$SINCE..HEAD")

if [ "$status" -ne 0 ]; then
    echo "  hint: at most $LONGEST; the why goes into the body: git commit --amend, or git rebase --interactive" >&2
fi
exit "$status"
