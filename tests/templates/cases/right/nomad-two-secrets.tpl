{{ with secret "kv/app/db" }}{{ $user := .Data.username }}{{ with secret "secret/shared" }}{{ $user }}:{{ .Data.data.token }}{{ end }}{{ end }}
