{{ $ähm := "ü" }}{{ $ähm }}{{ printf "%q %+q %c" "ü😀" "ü" 0x1F600 }} {{ range $i, $c := split "" "aüb" }}{{ $i }}{{ $c }}{{ end }}
