{{ if true }}{{ $x := "canary" }}{{ end }}{{ $x }}
