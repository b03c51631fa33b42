{{- with secret "kv/app/db" -}}
spring.datasource.username={{ .Data.username }}
spring.datasource.replicas={{ range $i, $r := .Data.replicas }}{{ if $i }},{{ end }}{{ $r }}{{ end }}
{{- end -}}
