{{ "canary") }}
