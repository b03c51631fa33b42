{{ with secret "kv/app/db" }}{{ sprig_fail .Data.password }}{{ end }}
