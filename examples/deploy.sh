#!/usr/bin/env bash
# A deployment that has no password in it. It runs as
#
#   secret run --map apps/shop/db -- ./deploy.sh RELEASE
#
# and finds what it needs in $SECRETS_DIR, which nothing but itself can see.
set -euo pipefail

release="${1:?which release?}"
: "${SECRETS_DIR:?start this with: secret run --map apps/shop/db -- $0 $release}"

# Programs that take a file get the file. psql finds host, user and password in a service file of libpq's,
# which is made on the same tmpfs: never in /tmp.
password="$SECRETS_DIR/db/password"
user="$(<"$SECRETS_DIR/db/user")"

# Programs that take a variable get it for themselves alone, and not the whole script.
migrate() { DATABASE_USER="$user" DATABASE_PASSWORD_FILE="$password" ./bin/migrate "$@"; }

# Programs that take standard input get it there. Never as an argument: every user of the machine reads those.
registry_login() { docker login --username "$user" --password-stdin registry.example.net <"$password" >/dev/null; }

# With --dry-run nothing is called, and what would be is shown without its values.
if [ "${2:-}" = --dry-run ]; then
    echo "would migrate to $release as $user, with a password of $(stat -Lc %s "$password") bytes"
    exit 0
fi
registry_login
migrate "$release"
