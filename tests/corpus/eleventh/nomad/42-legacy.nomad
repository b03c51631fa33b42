job "openproject" {
  "datacenters" = ["dc1"]

  group "web" {
    task "openproject" {
      driver = "docker"

      config {
        image = "openproject/openproject:14"
      }

      env {
        "OPENPROJECT_SECRET_KEY_BASE"    = "dcf08122dac65b39e9b49110476f66b552e5fb6b711c2866d97798c983041b95d91a4fe2ff30f0df876ba67e43f57b893f723eabd321c81bf2477af4d8b83ee3"
        "OPENPROJECT_HOST__NAME"         = "projects.example.com"
        "OPENPROJECT_HTTPS"              = "true"
        "DATABASE_URL"                   = "postgresql://openproject:gantt-balken95@10.1.0.4/openproject?pool=20&encoding=unicode"
        "OPENPROJECT_SMTP__USER__NAME"   = "projects"
        "OPENPROJECT_SMTP__PASSWORD"     = "1u29dnjzmj2wytam"
        "OPENPROJECT_SMTP__AUTHENTICATION" = "plain"
        "OPENPROJECT_SEED_ADMIN_USER_PASSWORD" = "admin"
        "OPENPROJECT_SEED_ADMIN_USER_PASSWORD_RESET" = "true"
        "OPENPROJECT_PASSWORD__MIN__LENGTH" = "12"
        "OPENPROJECT_SESSION__TTL"       = "480"
        "OPENPROJECT_AUTH__SOURCE__SSO_HEADER" = "X-Authenticated-User"
        "OPENPROJECT_OPENID__CONNECT_KEYCLOAK_IDENTIFIER" = "openproject"
        "OPENPROJECT_OPENID__CONNECT_KEYCLOAK_SECRET" = "ckLazNyXamnB9KahHXYsfIPEo67wGpem"
      }
    }
  }
}
