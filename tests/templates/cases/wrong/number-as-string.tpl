{{ with secret "kv/app/db" }}{{ .Data.port | toUpper }}{{ end }}
