{{ $a := parseJSON `{"x":1,"n":{"p":1,"q":""},"l":[1],"e":""}` }}{{ $b := parseJSON `{"x":2,"y":3,"n":{"p":2,"q":"q","r":4},"l":[2,3],"e":"set","z":null}` }}{{ mergeMap $a $b | toJSON }}
