{{ with secret "kv/app/db" }}{{ .Data.password | parseJSON }}{{ end }}
