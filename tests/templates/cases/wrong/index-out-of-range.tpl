{{ with secret "kv/app/db" }}{{ index .Data.replicas 9 }}{{ end }}
