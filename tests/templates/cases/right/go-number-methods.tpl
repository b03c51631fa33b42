{{ with secret "kv/app/numbers" }}{{ add 1 .Data.int.Int64 }} {{ .Data.float.Float64 }} {{ .Data.int.String | len }} {{ .Data.int.String | parseInt | add 8 }}{{ end }}
