{{ $m := splitToMap ";" "=" "a=1" }}[{{ $m.no }}] {{ index $m "no" }}| {{ len $m.no }}
