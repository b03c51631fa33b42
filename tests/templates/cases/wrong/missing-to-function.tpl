{{ with secret "kv/app/db" }}{{ .Data.missing | toUpper }}{{ end }}
