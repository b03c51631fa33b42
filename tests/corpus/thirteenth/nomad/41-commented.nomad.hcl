/*
 * Helpdesk. Old database login, until the move is done:
 *   mysql -h db-alt.stadtwerke.example -u zammad --password=Stromausfall2018
 * The new password lives in Vault under kv/helpdesk, token from Tobias.
 */
job "helpdesk" {
  group "zammad" {
    task "zammad" {
      driver = "docker"
      config {
        image = "zammad/zammad:6.4"
        # auth {
        #   username = "pull"
        #   password = "XzPcXtTi9Kv4sbKVHS7f"
        # }
      }
      env {
        # POSTGRESQL_PASS = "zammad"
        POSTGRESQL_PASS  = "Turbine 4 steht"
        // API_TOKEN     = "<token from the admin page>"
        // SMTP_URL = smtp://ticket:Fs8huk25ionAcDfK@mail.stadtwerke.example:587
        S3_URL           = "https://ACCESS_KEY:SECRET_KEY@s3.example.com/bucket"
        SMTP_PASSWORD    = "********"
        LDAP_PASSWORD    = "set in the UI after the first login"
        GOOGLE_API_KEY   = "your-api-key-here"
        ELASTICSEARCH_PASS = "zammad"
        AUTOWIZARD_JSON  = "{\"Token\": \"f3ad2a8lysg25905fdz9\", \"TextModuleLocale\": {\"Locale\": \"de-de\"}}"
        REDIS_URL        = "redis://redis:6379" # was redis://:Kilowatt@redis-alt:6379
      }
      template {
        destination = "local/hints.yml"
        data        = <<EOF
# example: token: abc123
# password: the one from the sealed envelope
retention_days: 90
# backup_key: "/qvma//LYZMKjEuJmm3i4z3HdNXer/FQ3ZzMceXPSyo="
EOF
      }
    }
  }
}
