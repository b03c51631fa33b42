{{ with secret "kv/app/db" }}{{ eq .Data.password 1 }}{{ end }}
