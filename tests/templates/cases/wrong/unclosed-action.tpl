{{ "canary"
