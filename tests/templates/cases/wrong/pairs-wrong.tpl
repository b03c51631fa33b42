{{ with secret "kv/app/db" "canary" }}x{{ end }}
