{{ with secret "kv/app/numbers" }}{{ sprig_int .Data.int | add 1 }} {{ sprig_add .Data.int .Data.negative }} {{ sprig_toString .Data.float }} {{ sprig_quote .Data.int }}{{ end }}
