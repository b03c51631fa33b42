job "chat" {
  datacenters = ["dc1"]

  group "mattermost" {
    network {
      port "http" { to = 8065 }
    }

    task "mattermost" {
      driver = "docker"
      config {
        image   = "mattermost/mattermost-team-edition:9.11"
        ports   = ["http"]
        volumes = ["local/config.json:/mattermost/config/config.json"]
      }

      template {
        destination = "local/config.json"
        data        = <<EOH
{
  "ServiceSettings": {
    "SiteURL": "https://chat.brightwater.io",
    "EnableUserAccessTokens": true,
    "SessionLengthWebInHours": 720
  },
  "SqlSettings": {
    "DriverName": "postgres",
    "DataSource": "postgres://mmuser:M4ple-syrup-tin@10.9.0.4:5432/mattermost?sslmode=disable&connect_timeout=10",
    "AtRestEncryptKey": "7zdjtq331w9d3qwsah9hgfwwkre1jeup"
  },
  "FileSettings": {
    "DriverName": "local"
  },
  "EmailSettings": {
    "SMTPUsername": "chat@brightwater.io",
    "SMTPPassword": "back\\slash \"Quote\" 5",
    "PushNotificationServer": "https://push-test.mattermost.com",
    "InviteSalt": "{{ key "mattermost/invite_salt" }}"
  },
  "PasswordSettings": {
    "MinimumLength": 10,
    "Number": true
  },
  "GitLabSettings": {
    "Enable": true,
    "Id": "e93be5d39fea40274d0cb77512a3a106be750d50facdaa2e0de93c79d18435d0",
    "Secret": "gloas-f723f009d623f8af086abf8bd688a05c6c82d048e6b40f3666a21adc181beeb2",
    "TokenEndpoint": "https://gitlab.com/oauth/token"
  }
}
EOH
      }
    }

    task "notify" {
      driver = "docker"
      config {
        image = "registry.brightwater.io/ops/nomad-notify:0.4"
        args  = ["-sink", "mattermost", "-hook", "https://chat.brightwater.io/hooks/5k1p4f6pymgk05uflhaq5mo1h3"]
      }
      env {
        FALLBACK_SLACK_WEBHOOK = "https://hooks.slack.com/services/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"
        NOMAD_TOKEN            = "${NOMAD_TOKEN}"
      }
    }
  }
}
