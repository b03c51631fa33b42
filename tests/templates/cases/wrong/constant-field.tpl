{{ "canary".x }}
