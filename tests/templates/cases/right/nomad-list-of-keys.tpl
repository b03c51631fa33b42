{{ range secrets "secret/metadata/web/keys" }}{{ . }}={{ with secret (printf "secret/data/web/keys/%s" .) }}{{ .Data.data.value }}{{ end }}
{{ end }}
