{{ $m := parseJSON `{"b":[1,"x",null],"a":{"c":true}}` }}{{ printf "%v|%+v|%#v|%T|%s|%d|%q" $m $m $m $m $m $m $m }}
