{{ with secret "kv/app/db" }}{{ .Data.port | parseInt }}{{ end }}
