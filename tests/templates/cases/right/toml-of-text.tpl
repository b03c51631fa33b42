{{ "canary" | toTOML }}
