#!/usr/bin/env bash
# Check the style of SQL files (sqlfluff, rules in .sqlfluff) and shell scripts (shellcheck); silent when all is well.
# Called by `make check`. Changes nothing. The init files in scripts/ are psql's: sqlfluff cannot read their \ir lines.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly BIN=.venv/bin

if [ ! -x "$BIN/sqlfluff" ] || [ ! -x "$BIN/shellcheck" ]; then
    echo "error: sqlfluff or shellcheck is missing from $BIN" >&2
    echo "  hint: run make check, which installs them first" >&2
    exit 2
fi

folders=()
for folder in migrations sql; do
    if [ -d "$folder" ]; then
        folders+=("$folder")
    fi
done

status=0

if [ ${#folders[@]} -gt 0 ]; then
    # Its report of success goes to stdout too, so it is kept until the exit code is known.
    # Without the warnings of Python's worker processes, which say nothing about the files.
    if ! report=$(PYTHONWARNINGS=ignore "$BIN/sqlfluff" lint --disable-progress-bar --processes 2 "${folders[@]}" 2>&1); then
        printf '%s\n' "$report" >&2
        status=1
    fi
fi

shopt -s nullglob
scripts=(scripts/*.sh scripts/ci/*.sh .ci/run)
"$BIN/shellcheck" --external-sources "${scripts[@]}" || status=1

exit "$status"
