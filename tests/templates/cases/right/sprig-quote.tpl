{{ sprig_quote "a\"b" 1 nil "c" }} {{ sprig_squote "a" 2 }} {{ sprig_cat "a" 1 nil true }} {{ sprig_replace " " "-" "a b c" }} {{ sprig_plural "one" "many" 1 }} {{ sprig_plural "one" "many" 2 }}
