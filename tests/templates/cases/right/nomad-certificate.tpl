{{ with secret "kv/app/certs" }}{{ .Data.cert }}{{ .Data.key }}{{ end }}
