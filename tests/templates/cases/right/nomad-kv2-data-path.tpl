{{ with secret "secret/data/web/config" }}API_KEY={{ .Data.data.api_key }}
VERSION={{ .Data.metadata.version }}
{{ end }}
