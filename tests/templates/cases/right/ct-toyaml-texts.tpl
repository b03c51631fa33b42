{{ with secret "kv/app/text" }}{{ .Data | toYAML }}{{ end }}
