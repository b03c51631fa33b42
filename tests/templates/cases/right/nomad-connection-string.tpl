DATABASE_URL="postgres://{{ with secret "kv/app/db" }}{{ .Data.username }}:{{ .Data.password | urlquery }}@{{ .Data.host }}:{{ .Data.port }}{{ end }}/app"
