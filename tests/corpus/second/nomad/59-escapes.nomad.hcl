job "odd-strings" {
  group "g" {
    task "t" {
      driver = "docker"
      config {
        image = "registry.example.net/odd:2"
        args  = ["--password=a\tb\"c\\d", "--json={\"token\":\"x\\\"y\\\\z-17\"}", "--tmpl-password=%%{if}-$${else}"]
      }
      env {
        DB_PASSWORD   = "\u00fcber-\U0001F511-key"
        UNI_SECRET    = "ÿ\u200bzero-width"
        PIPE_PASSWORD = "|&;<>()$`\\\"' \t#~=%"
        TRAIL_PASSWORD = "ends with backslash\\"
        PAD_TOKEN     = "  e0a70fa9d6523f24  "
        MIX_URL       = "mysql://${NOMAD_META_user}:p:a:s:s@${NOMAD_ADDR_db}/x"
        TWO_URLS      = "amqp://a:kite-1@h1,amqp://a:kite-2@h2"
        AT_URL        = "http://u:p%40ss%3A@h:8080/p@th"
        NO_URL        = "http://h:8080/a:b@c"
        TERNARY       = "${NOMAD_ALLOC_INDEX == 0 ? "first" : "rest"}"
      }
      template {
        destination = "local/x.yaml"
        data        = <<EOY
double: { password: "q\"u\\o\x74e" }
single: { password: 'don''t' }
plain: { password: it's-no-1 }
folded:
  password: >-
    folded into
    one line
literal:
  client_secret: |
    IhPB4L_DKCvly9ArJdqXKxZiKj4xJi6xLb7fW7DK
tagged: { password: !!str 12345678, age: !!int 3 }
anchored: { password: &pw mallard }
EOY
      }
    }
  }
}
