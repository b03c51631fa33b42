{{- with secret "kv/app/db" -}}
DB_HOST={{ .Data.host }}
DB_PORT={{ .Data.port }}
DB_USER={{ .Data.username }}
DB_PASSWORD={{ .Data.password | toJSON }}
{{- end }}
