{{ with "a" }}{{ . }}{{ else }}b{{ end }}{{ with "" }}x{{ else }}{{ "c" }}{{ end }}{{ with $v := 5 }}{{ $v }}{{ . }}{{ end }}{{ with 0 }}{{ else with 7 }}{{ . }}{{ end }}
