{{ with secret "kv/app/db" }}{{ .Data | toYAML }}{{ end }}
