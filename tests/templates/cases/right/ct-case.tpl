{{ "Grüße ß i" | toUpper }} {{ "ÀB" | toLower }} {{ "hello wide world's end foo_bar foo-bar a.b 3x ab:cd" | toTitle }} {{ "HELLO there" | toTitle }}
