{{ "user: canary" | parseYAML | toJSON }}
