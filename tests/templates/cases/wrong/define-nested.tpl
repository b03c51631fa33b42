{{ if true }}{{ define "a" }}canary{{ end }}{{ end }}
