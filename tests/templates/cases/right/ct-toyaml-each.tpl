{{ with secret "kv/app/text" }}{{ range $k, $v := .Data }}{{ $k }}: {{ $v | toYAML }}
{{ end }}{{ end }}
