{{ with secret "kv/app/db" }}{{ .Data.missing }}{{ end }}
