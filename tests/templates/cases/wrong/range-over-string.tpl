{{ with secret "kv/app/db" }}{{ range .Data.password }}x{{ end }}{{ end }}
