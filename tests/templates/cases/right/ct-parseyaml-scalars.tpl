{{ range parseYAML "[1, -2, 0x1f, 0644, 1.5, 1e3, yes, off, ~, text, '1', 2024-01-31, 1:30, .inf, 1_000]" }}{{ printf "%v %T" . . }}
{{ end }}
