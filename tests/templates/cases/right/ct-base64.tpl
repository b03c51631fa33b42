{{ with secret "kv/app/certs" }}{{ .Data.b64 | base64Decode }} {{ .Data.url | base64Encode }} {{ .Data.url | base64URLEncode }} {{ "w6Q_" | base64URLDecode }}{{ end }}
