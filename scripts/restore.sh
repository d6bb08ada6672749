#!/usr/bin/env bash
# Restore a backup into a new database, and compare it with what was dumped: `runner restore`. Overwrites nothing.
#
#   scripts/restore.sh carthub carthub_restored                     the newest backup in RUNNER_BACKUP_TO
#   scripts/restore.sh carthub carthub_restored /backups/carthub-20260102T030405Z.dump
#   scripts/restore.sh carthub carthub_restored --switch            and let it take the live one's place; asks first
#
# What follows the two names is passed on to `runner restore`.
# RUNNER_BACKUP_TO   where backups are kept: a folder, or s3://bucket/prefix
# RUNNER             the program (.venv/bin/runner of this project, else the one on PATH)
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    echo "usage: scripts/restore.sh DATABASE NEW_DATABASE [ARCHIVE] [OPTION ...]" >&2
    exit 2
}

[ $# -ge 2 ] || usage
database=$1
into=$2
shift 2
case $database$into in -*) usage ;; esac

if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
    from=$1
    shift
else
    from=${RUNNER_BACKUP_TO:-}
fi
if [ -z "$from" ]; then
    echo "error: no backup is named" >&2
    echo "  hint: name the archive as the third argument, or set RUNNER_BACKUP_TO to where backups are kept" >&2
    exit 2
fi

runner=${RUNNER:-.venv/bin/runner}
[ -n "${RUNNER:-}" ] || [ -x "$runner" ] || runner=runner

exec "$runner" restore "$from" --database "$database" --into "$into" "$@"
