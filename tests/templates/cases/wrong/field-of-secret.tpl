{{ with secret "kv/app/db" }}{{ .Password }}{{ end }}
