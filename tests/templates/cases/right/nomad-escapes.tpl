{{ with secret "kv/app/db" }}html={{ .Data.password | html }}
js={{ .Data.password | js }}
query={{ urlquery .Data.password "x y" }}{{ end }}
