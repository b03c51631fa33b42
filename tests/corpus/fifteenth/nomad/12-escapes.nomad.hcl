job "escapes" {
  group "g" {
    task "billing" {
      driver = "docker"
      config {
        image = "registry.example.org/billing:14"
      }
      env {
        LDAP_BIND_DN       = "cn=billing,ou=services,dc=example,dc=org"
        LDAP_BIND_PASSWORD = "say \"cheese\" twice"
        SMB_PASSWORD       = "back\\slash\\90"
        FTP_PASSWORD       = "rock\u0026roll\u0021"
        SFTP_PASSWORD      = "half%%{off}Sale"
        IMAP_PASSWORD      = "Stra\u00dfe-nach-K\u00f6ln"
        ERP_PASSWORD       = "Schlüssel_für_ÄÖÜ"
        WIKI_PASSPHRASE    = "żółta łódź płynie"
        AMQP_URL           = "amqp://billing:9%40xy%2F%23Kp%3F2@mq.example.org:5672/%2Fbilling"
        MONGO_URL          = "mongodb+srv://billing:jPazURWOoZObmnaa@cluster0.example.mongodb.net/billing?retryWrites=true&w=majority"
        CREDENTIALS_JSON   = "{\"client_id\":\"billing-web\",\"client_secret\":\"Fp7A0qT8wCzwB7Xa3xc8cgEDOSo6QUxg\",\"token_uri\":\"https://id.example.org/oauth/token\"}"
        PASSWORD_REGEX     = "^(?=.*[A-Z])(?=.*\\d).{12,}$"
        TOKEN_HEADER       = "X-Billing-Token"
        SECRET_ARN         = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:billing/db-Ab1Cd2"
        NODE_TOKEN_PATH    = "${NOMAD_SECRETS_DIR}/token"
      }
    }
  }
}
