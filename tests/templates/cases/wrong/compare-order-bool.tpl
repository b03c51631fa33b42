{{ with secret "kv/app/db" }}{{ lt .Data.enabled true }}{{ end }}
