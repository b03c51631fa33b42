x:{{ sprig_nindent 2 "a\nb" }}
{{ sprig_indent 4 "a\nb" }}
