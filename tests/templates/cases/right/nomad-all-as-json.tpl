{{ with secret "kv/app/db" }}{{ .Data | toJSON }}{{ end }}
