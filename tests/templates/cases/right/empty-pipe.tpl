{{ "canary" | }}
