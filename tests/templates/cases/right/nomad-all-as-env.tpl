{{ range $k, $v := (secret "kv/app/db").Data }}{{ $k | toUpper }}={{ $v }}
{{ end }}
