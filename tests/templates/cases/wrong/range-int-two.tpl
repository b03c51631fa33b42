{{ range $i, $x := 3 }}x{{ end }}
