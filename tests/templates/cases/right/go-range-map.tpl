{{ range $k, $v := parseJSON `{"b":1,"a":null,"C":[1]}` }}{{ $k }}={{ $v }};{{ end }} {{ range parseJSON `{"b":1,"a":2}` }}{{ . }}{{ end }}
