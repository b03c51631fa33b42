{{ with secret "kv/app/db" }}{{ .Data.missing.more }}{{ end }}
