{{ printf "%T %T %T %T %T" (add 1 2) (add 1 2.0) (parseUint "1" | add 1) (parseUint "1" | add (parseUint "2")) (maximum 1 2) }}
