{{ with secret "kv/app/db" }}{{ toUpper .Data.missing }}{{ end }}
