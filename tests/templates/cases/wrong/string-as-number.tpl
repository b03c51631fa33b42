{{ with secret "kv/app/db" }}{{ .Data.password | add 1 }}{{ end }}
