{{ with secret "kv/app/db" }}{{ .Data | toTOML }}{{ end }}
