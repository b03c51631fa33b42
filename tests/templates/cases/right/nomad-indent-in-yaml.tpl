tls:
  cert: |
{{ with secret "kv/app/certs" }}{{ .Data.cert | indent 4 }}{{ end }}
  end: true
