#!/usr/bin/env bash
# Copy user name and password from Secrets Manager into the Kubernetes Secret, for a Job that does not read the ARN itself.
# They pass through pipes only: not through arguments, which `ps` shows, nor the annotation that a plain apply leaves.
#
#   DB_SECRET_ARN   the secret
#   OVERLAY         such as k8s/overlays/api-server: its namespace is the Secret's
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/ci/settings.sh
. scripts/ci/settings.sh

need DB_SECRET_ARN "the secret's ARN"
need OVERLAY "an overlay, such as k8s/overlays/api-server"
[ -n "${NAMESPACE:-}" ] || rendered=$(kubectl kustomize "$OVERLAY")
set_namespace Secret <<<"${rendered:-}"

# shellcheck disable=SC2016 # jq's variables
aws secretsmanager get-secret-value --region "$AWS_REGION" --secret-id "$DB_SECRET_ARN" --query SecretString --output text |
    jq --arg namespace "$NAMESPACE" '
        def text($key): .[$key] | if type == "string" and . != "" then @base64
            else error("the secret holds no \"" + $key + "\" that is text") end;
        {
            apiVersion: "v1", kind: "Secret", type: "Opaque",
            metadata: {name: "db-migration-secret", namespace: $namespace},
            data: {username: text("username"), password: text("password")}
        }' |
    kubectl apply --server-side --force-conflicts --field-manager=pipeline --filename=-
