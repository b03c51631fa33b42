canary{{ end }}
