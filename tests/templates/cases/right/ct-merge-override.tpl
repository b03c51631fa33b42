{{ $a := parseJSON `{"x":1,"n":{"p":1},"l":[1],"s":"keep"}` }}{{ $b := parseJSON `{"x":2,"n":{"p":2,"r":4},"l":[2,3],"s":""}` }}{{ mergeMapWithOverride $a $b | toJSON }} {{ $a | toJSON }}
