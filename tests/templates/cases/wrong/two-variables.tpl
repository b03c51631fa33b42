{{ $a, $b := "canary" }}
