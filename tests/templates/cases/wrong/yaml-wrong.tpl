{{ "a: [canary" | parseYAML }}
