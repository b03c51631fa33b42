# The application: connects anew all the time, as a pool does for each new connection, and writes down how it went.
# It knows nothing of a secrets manager. libpq reads the password from $PGPASSFILE whenever it connects.
while :; do
    if answer=$(/bin/psql -wAtX -c 'SELECT current_user' 2>&1); then
        set -- ok $answer
    else
        set -- failed $answer
    fi
    echo "$*" >>/out/tries
    /bin/busybox sleep 0.2
done
