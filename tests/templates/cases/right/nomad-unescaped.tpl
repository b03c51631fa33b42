{{ with secret "kv/app/db" }}{{ .Data | toUnescapedJSON }}
{{ .Data | toUnescapedJSONPretty }}{{ end }}
