{{ with secret "kv/app/db" }}{{ .Auth.ClientToken }}{{ end }}
