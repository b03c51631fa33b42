{{ with secret "secret/data/web/config" }}{{ .Data.data | toJSON }}{{ end }}
