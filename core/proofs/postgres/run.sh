#!/bin/sh
# Runs the conformance suite on a PostgreSQL of its own: in a temporary directory, on a Unix socket only.
set -eu
cd "$(dirname "$0")"
bin=$(pg_config --bindir 2>/dev/null || true)
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$bin/initdb" ] || { echo "PostgreSQL is missing: apt install postgresql" >&2; exit 2; }
cargo build
dir=$(mktemp -d)
# PostgreSQL refuses to run as root.
as=""
[ "$(id -u)" -ne 0 ] || { as="runuser -u postgres --"; chown postgres "$dir"; }
stop() { $as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap stop EXIT
(
    cd "$dir"
    $as "$bin/initdb" -D data -U proof -A trust >/dev/null
    $as "$bin/pg_ctl" -D data -w -l "$dir/log" -o "-k $dir -c listen_addresses=''" start >/dev/null
)
chmod 755 "$dir"
"${CARGO_TARGET_DIR:-target}/debug/storage-proof-postgres" "host=$dir user=proof dbname=postgres"
