#!/usr/bin/env bash
# Prove the files on a PostgreSQL of this run's own: lint, snapshot, everything up, down, up again, nothing left pending.
# Whatever target the environment names is not touched: the commands see none of it.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly RUNNER=$PWD/.venv/bin/runner
if [ ! -x "$RUNNER" ]; then
    echo "error: $RUNNER does not exist" >&2
    echo "  hint: run make check, which makes the virtual environment first" >&2
    exit 2
fi

# a copy, so that a developer's local server is not the one that is rolled back
copy=$(mktemp -d)
chmod 0755 "$copy" # PostgreSQL runs as another user where we are root
run() { (cd "$copy" && env -i PATH="$PATH" HOME="${HOME:-/tmp}" TZ=UTC RUNNER_LOCAL=1 "$RUNNER" "$@"); }
finish() {
    run local stop >/dev/null 2>&1 || true
    rm -rf "$copy"
}
trap finish EXIT
cp -R migrations sql "$copy"
[ ! -f runner.toml ] || cp runner.toml "$copy"

step() {
    echo "== runner $*"
    run "$@"
}
step lint
step snapshot --check
step migrate
step validate
for folder in migrations/*/; do
    step rollback --database "$(basename "$folder")" --all --yes
done
step migrate
step validate
step status --check
