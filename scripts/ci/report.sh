#!/usr/bin/env bash
# Rehearse the migrations that a change touches, and tell where the change is reviewed: one comment on the pull request,
# which is updated and not repeated, the run's summary, annotations at the lines; build/report/ for artefacts.
# Whatever target the environment names is not touched: the rehearsal sees none of it.
#
#   BASE                what the change is compared with (default: the pull request's target; without one every file)
#   RUNNER_SCRATCH_URL  a server for the scratch database (default: a PostgreSQL of this run's own)
#   PULL_REQUEST        its number, where the run may comment on it: GH_TOKEN is needed then
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

readonly RUNNER=$PWD/.venv/bin/runner
readonly REPORT=${REPORT:-build/report}
readonly MARK='<!-- runner verify -->'
[ -x "$RUNNER" ] || fail "$RUNNER does not exist" "Run make check, which makes the virtual environment first."
set_commit

compare() { # sets WHAT: the files that are rehearsed
    local base=${BASE:-}
    if [ -z "$base" ] && [ -n "${GITHUB_BASE_REF:-}" ]; then
        base=origin/$GITHUB_BASE_REF
    elif [ -z "$base" ] && [ -n "${CODEBUILD_WEBHOOK_BASE_REF:-}" ]; then
        git fetch --quiet origin "$CODEBUILD_WEBHOOK_BASE_REF"
        base=$(git rev-parse FETCH_HEAD)
    fi
    if [ -n "$base" ]; then WHAT=(--base "$base"); else WHAT=(--all); fi
}

run() {
    env -i PATH="$PATH" HOME="${HOME:-/tmp}" TZ=UTC RUNNER_LOCAL=1 RUNNER_GIT_COMMIT="$COMMIT" \
        ${RUNNER_SCRATCH_URL:+"RUNNER_SCRATCH_URL=$RUNNER_SCRATCH_URL"} "$RUNNER" "$@"
}

comment() { # on the pull request; a report that cannot be delivered there is no reason to fail: the summary has it
    local list="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" ours
    local mine=".[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$MARK\"))) | .id"
    if ! ours=$(gh api --paginate "$list" --jq "$mine"); then
        echo "warning: the comments of the pull request cannot be read" >&2
    elif [ -n "$ours" ]; then
        gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/${ours%%$'\n'*}" --field "body=@$REPORT/comment.md" ||
            echo "warning: the comment was not updated" >&2
    else
        gh api --silent --method POST "$list" --field "body=@$REPORT/comment.md" || echo "warning: the comment was not made" >&2
    fi
}

compare
mkdir -p "$REPORT"
rm -f "$REPORT"/*.md "$REPORT/annotations"
# the server of a developer who is at work stays
[ -e .local/postgres/data/postmaster.pid ] || trap 'run local stop >/dev/null 2>&1 || true' EXIT

code=0
run verify "${WHAT[@]}" --report "markdown=$REPORT/report.md" --report "html=$REPORT/report.html" \
    --report "json=$REPORT/report.json" --report "sarif=$REPORT/findings.sarif" --report "junit=$REPORT/junit.xml" \
    --report "github=$REPORT/annotations" 2>"$REPORT/errors" || code=$?
cat "$REPORT/errors" >&2

if [ ! -s "$REPORT/report.md" ]; then
    {
        echo "## Database change: it could not be rehearsed"
        echo
        sed 's/^/    /' "$REPORT/errors"
    } >"$REPORT/report.md"
fi
{
    echo "$MARK"
    cat "$REPORT/report.md"
    [ -z "${GITHUB_RUN_ID:-}" ] ||
        printf '\n[The whole report](%s) is an artefact of this run.\n' "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
} >"$REPORT/comment.md"

if [ "${GITHUB_ACTIONS:-}" = true ] && [ -f "$REPORT/annotations" ]; then cat "$REPORT/annotations"; fi
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then cat "$REPORT/report.md" >>"$GITHUB_STEP_SUMMARY"; fi
if [ -n "${PULL_REQUEST:-}" ]; then comment; fi
exit "$code"
