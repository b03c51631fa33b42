{{ with secret "kv/app/db" }}{{ add 1 .Data.port }}{{ end }}
