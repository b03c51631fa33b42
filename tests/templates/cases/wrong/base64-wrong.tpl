{{ with secret "kv/app/db" }}{{ .Data.password | base64Decode }}{{ end }}
