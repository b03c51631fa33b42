#!/bin/sh
# Where the stock charts start: `docker-entrypoint.sh vault server -config=FILE`. A command of ours may stand alone.
set -e
case "${1:-}" in
    vault | bao | secret | sh | /*) ;;
    *) set -- secret "$@" ;;
esac
exec "$@"
