{{ with secret "kv/app/text" }}{{ .Data | toTOML }}{{ end }}
