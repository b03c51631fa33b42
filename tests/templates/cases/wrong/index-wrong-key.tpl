{{ with secret "kv/app/db" }}{{ index .Data 1 }}{{ end }}
