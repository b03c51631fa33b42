{{- with secret "secret/data/web/config" -}}
{{- range $k, $v := .Data.data }}
export {{ $k }}='{{ $v }}'
{{- end }}
{{- end }}
