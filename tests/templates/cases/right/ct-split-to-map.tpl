{{ with secret "kv/app/certs" }}{{ with .Data.pairs | splitToMap ";" "=" }}{{ .a }}{{ .c }} {{ . }} {{ printf "%T" . }}{{ end }}{{ end }}
