{{ with secret "kv/app/certs" }}{{ range .Data.csv | split "," }}[{{ . }}]{{ end }} {{ .Data.csv | split "," | join ":" }} {{ len (split "," "") }} {{ split "," " a,b " }}{{ end }}
