{{ with secret "kv/app/db" }}{{ index .Data "no" "canary" }}{{ end }}
