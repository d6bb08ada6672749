#!/usr/bin/env bash
# Check prose in runner/, docs/, README.md and CONTRIBUTING.md for the turns of phrase in scripts/words.txt; silent when
# there is none. Called by `make check`. A line that needs one carries "words: allow" and the reason.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."

status=0
while IFS=$'\t' read -r phrase instead; do
    case $phrase in '' | '#'*) continue ;; esac
    found=$(grep -rnE --include='*.py' --include='*.sql' --include='*.md' --exclude=style.md -e "$phrase" \
        runner docs README.md CONTRIBUTING.md | grep -v 'words: allow .' || true)
    if [ -n "$found" ]; then
        printf '%s\n  hint: write: %s\n' "$found" "$instead" >&2
        status=1
    fi
done <scripts/words.txt
exit "$status"
