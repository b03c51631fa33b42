{{ define "a" }}canary{{ end }}{{ define "a" }}more{{ end }}
