{{ $x := "canary" }}{{ $x 1 }}
