  a  {{- " b " -}}  c  {{- /* a comment */ -}}  d
{{- "x" }}
e {{ "y" -}}
  f
