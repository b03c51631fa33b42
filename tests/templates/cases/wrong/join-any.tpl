{{ with secret "kv/app/db" }}{{ join "," .Data.replicas }}{{ end }}
