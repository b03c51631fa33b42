{{ with secret "kv/app/db" }}{{ len .Data.missing }}{{ end }}
