#!/usr/bin/env bash
# Recover an RDS instance to a moment, as a new instance beside the old one, which is not touched.
# It prints what it would do; with --yes it does it, with the aws CLI.
#
#   scripts/restore-rds-point-in-time.sh carthub-db --to 2026-08-21T18:00:00Z
#   scripts/restore-rds-point-in-time.sh carthub-db --latest --as carthub-db-restored --yes
#
# --to TIME     the moment, in UTC: YYYY-MM-DDTHH:MM:SSZ
# --latest      the newest moment that can be restored
# --as NAME     the new instance (default: the old name with the moment)
# --yes         do it; the default is to print it
#
# The new instance gets the old one's class, subnet group, security groups, parameter group and multi-AZ, for without
# them RDS takes its defaults. AWS_REGION (or AWS_DEFAULT_REGION) and the credentials are the aws CLI's own.
# Needs rds:DescribeDBInstances and rds:RestoreDBInstanceToPointInTime.
# Exit codes: 0 done or printed, 1 AWS refused or the new instance failed, 2 usage.
set -euo pipefail

fail() {
    echo "error: $1" >&2
    [ -z "${2:-}" ] || echo "  detail: $2" >&2
    [ -z "${3:-}" ] || echo "  hint: $3" >&2
    exit "${4:-1}"
}

usage() {
    fail "$1" "" "scripts/restore-rds-point-in-time.sh INSTANCE --to YYYY-MM-DDTHH:MM:SSZ | --latest [--as NAME] [--yes]" 2
}

source="" moment="" latest="" target="" yes=""
while [ $# -gt 0 ]; do
    case $1 in
        --to | --as)
            [ $# -ge 2 ] || usage "$1 needs a value"
            if [ "$1" = --to ]; then moment=$2; else target=$2; fi
            shift 2
            ;;
        --latest) latest=yes && shift ;;
        --yes) yes=yes && shift ;;
        -*) usage "there is no option $1" ;;
        *)
            [ -z "$source" ] || usage "only one instance can be recovered at a time"
            source=$1
            shift
            ;;
    esac
done
[ -n "$source" ] || usage "no instance is named"
[ -n "$moment$latest" ] || usage "to which moment? Say --to or --latest"
[ -z "$moment" ] || [ -z "$latest" ] || usage "--to and --latest exclude each other"
if [ -n "$moment" ] && ! [[ $moment =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]; then
    usage "$moment is not a moment in UTC"
fi
command -v aws >/dev/null || fail "there is no aws on PATH" "Nothing was done." "Install the AWS CLI." 2
export AWS_DEFAULT_REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
[ -n "$AWS_DEFAULT_REGION" ] || unset AWS_DEFAULT_REGION
export AWS_PAGER=""

describe() {
    aws rds describe-db-instances --db-instance-identifier "$source" --output text --query "$1"
}

# one question a fact: a text of several columns would lose the empty ones
earliest_and_latest=$(describe 'DBInstances[0].[InstanceCreateTime,LatestRestorableTime]') ||
    fail "AWS does not describe the instance $source" "Nothing was done." "Check its name, AWS_REGION and rds:DescribeDBInstances."
read -r created newest <<<"$earliest_and_latest"
class=$(describe 'DBInstances[0].DBInstanceClass')
subnets=$(describe 'DBInstances[0].DBSubnetGroup.DBSubnetGroupName')
parameters=$(describe 'DBInstances[0].DBParameterGroups[0].DBParameterGroupName')
multi_az=$(describe 'DBInstances[0].MultiAZ')
read -r -a groups <<<"$(describe 'DBInstances[0].VpcSecurityGroups[].VpcSecurityGroupId' | tr '\t\n' '  ')"
case $newest in "" | None) fail "$source has no backups to recover from" "Nothing was done." "Its backup retention period is 0." ;; esac

if [ -n "$moment" ] && [[ ${moment%Z} > ${newest%%[.+Z]*} ]]; then
    fail "$moment is later than the newest moment that can be restored, $newest" "Nothing was done." "Say --latest." 2
fi

stamp=${moment:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}
stamp=${stamp//[:-]/}
target=${target:-${source:0:46}-${stamp,,}}
command=(aws rds restore-db-instance-to-point-in-time
    --source-db-instance-identifier "$source"
    --target-db-instance-identifier "$target"
    --db-instance-class "$class"
    --copy-tags-to-snapshot
    --deletion-protection)
if [ -n "$moment" ]; then command+=(--restore-time "$moment"); else command+=(--use-latest-restorable-time); fi
case $subnets in "" | None) ;; *) command+=(--db-subnet-group-name "$subnets") ;; esac
case $parameters in "" | None) ;; *) command+=(--db-parameter-group-name "$parameters") ;; esac
if [ "$multi_az" = True ]; then command+=(--multi-az); else command+=(--no-multi-az); fi
[ ${#groups[@]} -eq 0 ] || command+=(--vpc-security-group-ids "${groups[@]}")

cat <<PLAN
recover $source, made $created, as the new instance $target
  to         ${moment:-$newest, the newest moment}
  untouched  $source goes on as it is; nothing is switched
PLAN
printf ' %q' "${command[@]}" | sed 's/^ /  command    /'
echo
if [ -z "$yes" ]; then
    echo "nothing was done; say --yes to do it"
    exit 0
fi

"${command[@]}" --output text --query 'DBInstance.DBInstanceStatus' ||
    fail "AWS refused to recover $source" "$source is untouched." "Correct what it names, and run the same command again."
aws rds wait db-instance-available --db-instance-identifier "$target" ||
    fail "$target is not available yet" "$source is untouched; $target was begun." "Look at it: aws rds describe-db-instances --db-instance-identifier $target"
address=$(aws rds describe-db-instances --db-instance-identifier "$target" --output text --query 'DBInstances[0].Endpoint.Address')
cat <<NEXT
$target is available at $address
  next       DB_HOST=$address runner validate, look at the data, then point the application there
NEXT
