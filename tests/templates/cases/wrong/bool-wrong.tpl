{{ with secret "kv/app/db" }}{{ .Data.password | parseBool }}{{ end }}
