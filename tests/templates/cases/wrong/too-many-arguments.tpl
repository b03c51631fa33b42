{{ toUpper "canary" "b" }}
