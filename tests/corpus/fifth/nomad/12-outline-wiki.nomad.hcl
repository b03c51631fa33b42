job "outline" {
  datacenters = ["dc1"]

  group "wiki" {
    network {
      port "http" { to = 3000 }
    }

    task "outline" {
      driver = "docker"
      config {
        image = "outlinewiki/outline:0.80.2"
        ports = ["http"]
      }

      template {
        destination = "secrets/outline.env"
        env         = true
        data        = <<EOH
NODE_ENV=production
URL=https://wiki.kestrelworks.net
SECRET_KEY=70c782e3512fbd135ca175efb507e4fd10ce9fd6aa557223bce35cbd1bf05f5e
UTILS_SECRET=2a827bca17c08806cdf1c0fd334380cb1a5059e69edbce1b515328e161cc1dd5
DATABASE_URL=postgres://outline:f%40ll-L%23eaf@{{ range service "postgres" }}{{ .Address }}:{{ .Port }}{{ end }}/outline
REDIS_URL=redis://{{ env "NOMAD_ADDR_redis" }}
AWS_ACCESS_KEY_ID={{ with nomadVar "nomad/jobs/outline" }}{{ .s3_key }}{{ end }}
AWS_SECRET_ACCESS_KEY={{ with nomadVar "nomad/jobs/outline" }}{{ .s3_secret }}{{ end }}
AWS_S3_UPLOAD_BUCKET_NAME=wiki-uploads
SLACK_CLIENT_ID=2210535565.766425199586
SLACK_CLIENT_SECRET=3f1b7109203a775487c713e9b3974e58
SLACK_VERIFICATION_TOKEN=bH2Q5Ehuaui62lL9YxOpx27F
# SLACK_MESSAGE_ACTIONS=true
SMTP_USERNAME=apikey
SMTP_PASSWORD=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
OIDC_CLIENT_SECRET={{ file "/secrets/oidc" }}
OIDC_TOKEN_URI=https://sso.kestrelworks.net/realms/staff/protocol/openid-connect/token
FORCE_HTTPS=true
EOH
      }
    }

    task "redis" {
      driver = "docker"
      config {
        image = "redis:7"
      }
    }
  }
}
