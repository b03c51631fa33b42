{{ "a" | printf "%s-%s" "b" }} {{ 3 | printf "%d %d" 1 | len }} {{ ("x" | toUpper) | print "y" }} {{ (printf "%d" 5) | parseInt | add 1 | printf "%03d" }}
