{{ define "row" }}<{{ . }}>{{ end }}{{ executeTemplate "row" "a" | toUpper }} {{ executeTemplate "row" }}
