{{ with secret "kv/app/db" }}{{ regexMatch "(canary" .Data.password }}{{ end }}
