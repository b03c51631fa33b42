{{ with secret "kv/app/db" }}{{ .Data.password.more }}{{ end }}
