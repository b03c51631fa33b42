{{ with secret "kv/app/db" }}{{ if eq .Data.port 5432 }}x{{ end }}{{ end }}
