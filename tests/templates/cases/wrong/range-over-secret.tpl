{{ range secret "kv/app/db" }}x{{ end }}
