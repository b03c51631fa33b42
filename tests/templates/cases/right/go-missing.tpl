{{ .a }} {{ .a.b.c }} {{ with secret "kv/app/db" }}{{ .Data.missing }}{{ $x := .Data.missing }}{{ $x.y.z }}{{ if .Data.missing }}x{{ else }}y{{ end }}{{ end }} {{ (secret "kv/app/db").Data.missing }}
