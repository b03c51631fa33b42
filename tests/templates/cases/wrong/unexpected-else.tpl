canary{{ else }}
