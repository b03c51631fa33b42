{{ with secret "kv/app/certs" }}{{ with .Data.yaml | parseYAML }}{{ .user }} {{ .port }} {{ .list }}
{{ . }}
{{ printf "%T" . }}
{{ toYAML . }}{{ end }}{{ end }}
