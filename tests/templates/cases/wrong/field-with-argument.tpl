{{ with secret "kv/app/db" }}{{ .Data.password "canary" }}{{ end }}
