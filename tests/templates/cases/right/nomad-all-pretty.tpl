{{ with secret "kv/app/db" }}{{ .Data | toJSONPretty }}{{ end }}
