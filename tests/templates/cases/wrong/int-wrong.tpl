{{ with secret "kv/app/db" }}{{ .Data.password | parseInt }}{{ end }}
