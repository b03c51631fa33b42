#!/usr/bin/env bash
# Sets the password of a PostgreSQL role: the hook of
#
#   secret rotate -wait=10m apps/shop/db#password -- examples/rotate-postgres.sh -d postgres
#   secret rotate shop/web#DB_PASSWORD -- examples/rotate-postgres.sh --role=shop -d postgres
#
# The role is the secret's field `user`, or --role, which stands first. What follows are psql's options, for an
# administrator who need not know any password (peer over the socket, or a certificate). Setting the same password twice
# does no harm, so that a rotation that was interrupted may be resumed.
set -euo pipefail

role=
case "${1-}" in
    --role=*) role=${1#--role=}; shift ;;
esac

# The values go through pipes alone. In the transaction nothing of it is logged, also if it fails; a role that is no
# superuser needs `GRANT SET ON PARAMETER` for that, or a server that logs no statements.
jq --exit-status --raw-output --arg role "$role" '
  def literal: "\u0027" + gsub("\u0027"; "\u0027\u0027") + "\u0027";
  def name: "\"" + gsub("\""; "\"\"") + "\"";
  (if $role != "" then $role else .secret.user end) as $role
  | if $role == null then "which role? --role=NAME, or the field `user` of the secret\n" | halt_error(2) else . end
  | "SET LOCAL standard_conforming_strings = on;",
  "SET LOCAL log_statement = none;",
  "SET LOCAL log_duration = off;",
  "SET LOCAL log_min_duration_statement = -1;",
  "SET LOCAL log_min_error_statement = panic;",
  "ALTER ROLE \($role | name) PASSWORD \(.new | literal);"
' | psql --no-psqlrc --quiet --single-transaction --set ON_ERROR_STOP=1 --file=- "$@"
