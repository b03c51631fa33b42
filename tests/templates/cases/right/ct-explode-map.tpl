{{ $m := parseJSON `{"a/b/c":1,"a/b/d":2,"x":3}` }}{{ explodeMap $m | toJSON }}
