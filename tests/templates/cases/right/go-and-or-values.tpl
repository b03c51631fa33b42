{{ and 1 0 2 }} {{ or 0 "" "z" "y" }} {{ not 0 }} {{ and "a" "b" }} {{ or nil "x" }} {{ and true (eq 1 1) }} {{ "last" | and 1 }} {{ or 1 (index (parseJSON "[]") 5) }}
