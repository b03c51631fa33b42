{{ with secret "kv/app/db" }}{{ range $k, $v := .Data }}{{ $k }}:{{ printf "%T" $v }}
{{ end }}{{ end }}
