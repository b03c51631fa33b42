{{ with secret "kv/app/certs" }}{{ with .Data.json | parseJSON }}{{ .user }} {{ .n }} {{ .list }} {{ .deep }} {{ index .list 1 }}{{ end }}{{ end }}
