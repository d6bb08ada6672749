#!/usr/bin/env bash
# Load the development data of sql/seed/ into the databases that `make migrate` made; run again, it changes nothing that is there.
#
#   scripts/seed.sh [--database NAME]
#
# The credentials are runner's: the local server unless a target is configured. Not for production: the data holds an
# administrator whose password is in the repository.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly RUNNER=.venv/bin/runner

usage() {
    echo "usage: scripts/seed.sh [--database NAME]" >&2
    exit 2
}

databases=()
while [ $# -gt 0 ]; do
    case $1 in
        --database | -d)
            [ $# -ge 2 ] || usage
            databases+=("$2")
            shift 2
            ;;
        --database=*)
            databases+=("${1#*=}")
            shift
            ;;
        *)
            usage
            ;;
    esac
done
[ ${#databases[@]} -gt 0 ] || databases=(api_server carthub)

for name in "${databases[@]}"; do
    if [ ! -f "sql/seed/$name.sql" ]; then
        echo "error: no development data for database $name: sql/seed/$name.sql does not exist" >&2
        exit 2
    fi
done

if [ ! -x "$RUNNER" ]; then
    echo "error: $RUNNER does not exist" >&2
    echo "  hint: run make seed, which makes the virtual environment first" >&2
    exit 2
fi

for name in "${databases[@]}"; do
    # shellcheck disable=SC2016 # the inner shell expands it
    host=$("$RUNNER" exec --database "$name" -- sh -c 'printf %s "${PGHOST:-}"')
    case $host in
        "" | /* | localhost | 127.0.0.1 | ::1) ;;
        *)
            echo "error: $name is on $host, and development data is for this machine only" >&2
            echo "  hint: nothing was loaded; unset DATABASE_URL to use the local server" >&2
            exit 2
            ;;
    esac
done

for name in "${databases[@]}"; do
    "$RUNNER" exec --database "$name" -- \
        psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --single-transaction --file "sql/seed/$name.sql"
    echo "$name: development data loaded"
done
