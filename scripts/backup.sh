#!/usr/bin/env bash
# Back every database up, as cron calls it: `runner backup`, with the retention that the documents ask for.
#
#   RUNNER_BACKUP_TO=/backups scripts/backup.sh
#   RUNNER_BACKUP_TO=s3://bucket/nightly scripts/backup.sh --database carthub
#   scripts/backup.sh --to /backups --schema-only
#
# RUNNER_BACKUP_TO   where backups are kept: a folder, or s3://bucket/prefix (or --to)
# RUNNER_KEEP_DAYS   for how many days, space between several (30 carthub=7)
# RUNNER_KMS_KEY     KMS key for S3 (its own AES256)
# RUNNER             the program (.venv/bin/runner of this project, else the one on PATH)
# Where the databases are: as for every command, see docs/settings.md. Exit codes: runner's own.
set -euo pipefail
cd "$(dirname "$0")/.."

runner=${RUNNER:-.venv/bin/runner}
[ -n "${RUNNER:-}" ] || [ -x "$runner" ] || runner=runner
export RUNNER_KEEP_DAYS=${RUNNER_KEEP_DAYS:-30 carthub=7}

exec "$runner" backup "$@"
