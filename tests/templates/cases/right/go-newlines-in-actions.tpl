{{ with
  secret "kv/app/db"
}}{{
  .Data.host
  | toUpper
}}{{ end }}
