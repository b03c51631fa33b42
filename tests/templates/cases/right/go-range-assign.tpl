{{ $x := "" }}{{ range $x = split "," "a,b" }}{{ $x }}{{ end }}{{ $x }}
