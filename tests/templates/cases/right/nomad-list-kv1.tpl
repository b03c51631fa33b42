{{ range $i, $k := secrets "kv/app/" }}{{ $i }}:{{ $k }} {{ end }}
