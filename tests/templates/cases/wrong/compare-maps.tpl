{{ with secret "kv/app/db" }}{{ eq .Data.options .Data.options }}{{ end }}
