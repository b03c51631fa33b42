{{ "a\n\nb" | indent 2 }}|{{ indent 0 "x" }}|
