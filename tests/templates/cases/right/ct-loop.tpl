{{ range loop 3 }}{{ . }}{{ end }} {{ range loop 2 5 }}{{ . }}{{ end }} {{ range $i, $n := loop "1" "3" }}{{ $i }}{{ $n }}{{ end }} {{ range loop 3 1 }}x{{ else }}none{{ end }}
