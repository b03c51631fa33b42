{{ with secret "kv/app/text" }}{{ .Data | toJSON }}{{ end }}
