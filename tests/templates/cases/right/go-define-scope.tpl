{{ define "a" }}{{ $x := 1 }}{{ $ }}{{ $x }}{{ end }}{{ $x := 2 }}{{ template "a" "dot" }}{{ $x }}
