#!/usr/bin/env bash
# Keep every database in order, as cron calls it: `runner maintenance`. Clean-up in batches (sql/maintenance/), VACUUM,
# ANALYZE, and REINDEX CONCURRENTLY of what is bloated or invalid, each under time limits, beside no migration.
#
#   scripts/maintenance.sh
#   scripts/maintenance.sh --database api_server --dry-run
#
# RUNNER_LOCK_TIMEOUT          for a table lock (3s)
# RUNNER_STATEMENT_TIMEOUT     for one statement (30min)
# RUNNER_CONCURRENTLY_TIMEOUT  for one REINDEX (6h)
# RUNNER                       the program (.venv/bin/runner of this project, else the one on PATH)
# Where the databases are: as for every command, see docs/settings.md. Exit codes: runner's own; 4 is safe to retry.
set -euo pipefail
cd "$(dirname "$0")/.."

runner=${RUNNER:-.venv/bin/runner}
[ -n "${RUNNER:-}" ] || [ -x "$runner" ] || runner=runner

exec "$runner" maintenance "$@"
