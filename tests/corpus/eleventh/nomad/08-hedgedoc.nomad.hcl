job "hedgedoc" {
  group "pad" {
    task "hedgedoc" {
      driver = "podman"
      config {
        image = "quay.io/hedgedoc/hedgedoc:1.10.0"
      }
      env {
        CMD_DOMAIN              = "pad.example.org"
        CMD_DB_URL              = "mysql://hedgedoc:igel2024@mariadb.service.consul:3306/hedgedoc"
        CMD_SESSION_SECRET      = "7s5DMU12W5eBLo4sjMioPM84DpGTu0U95R3at4IV"
        CMD_SESSION_LIFE        = "1209600000"
        CMD_GITLAB_BASEURL      = "https://gitlab.example.org"
        CMD_GITLAB_CLIENTID     = "ed25793685798b37957842e2e21098d25967580541ec0f152baf19553d7e878f"
        CMD_GITLAB_CLIENTSECRET = "gloas-7f8161e5a40fde802357419d1a8f25c875fe1adeb614f44e107d42c9fd217983"
        CMD_LDAP_URL            = "ldaps://ldap.example.org"
        CMD_LDAP_BINDDN         = "cn=hedgedoc,ou=services,dc=example,dc=org"
        CMD_LDAP_BINDCREDENTIALS = "Stachel,Kleid"
        CMD_LDAP_SEARCHFILTER   = "(uid={{username}})"
        CMD_LDAP_TLS_CA         = "/etc/ssl/certs/ca-certificates.crt"
        CMD_IMAGE_UPLOAD_TYPE   = "minio"
        CMD_MINIO_ACCESS_KEY    = "9P03FOXTVNCKZDVL3ZNY"
        CMD_MINIO_SECRET_KEY    = "YyDNaWPLyjzKeNZNmdwTecforL3fNiYaEDsRX8Rn"
        CMD_S3_BUCKET           = "pad-uploads"
        CMD_ALLOW_ANONYMOUS     = "false"
        CMD_COOKIE_POLICY       = "lax"
        CMD_CSP_ENABLE          = "true"
      }
    }
  }
}
