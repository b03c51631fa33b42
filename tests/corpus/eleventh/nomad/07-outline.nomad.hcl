job "outline" {
  group "web" {
    task "outline" {
      driver = "docker"
      config {
        image = "outlinewiki/outline:0.81.0"
      }
      env {
        NODE_ENV            = "production"
        SECRET_KEY          = "b83fe2906d62e61df59a9c29e2b243ce3e0cf793e0649c9ac2866c3a98faec23"
        UTILS_SECRET        = "434556c1e237153dd2ad464cfad0ca708a6a9e3c6a935897b46606247fdaa2b8"
        DATABASE_URL        = "postgres://outline:p%2Fn8%23Larch@pg.service.consul:5432/outline"
        PGSSLMODE           = "disable"
        REDIS_URL           = "redis://redis.service.consul:6379"
        FILE_STORAGE        = "s3"
        AWS_ACCESS_KEY_ID     = "AKIA5H4IPEQKVJHASXPX"
        AWS_SECRET_ACCESS_KEY = "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"
        AWS_S3_UPLOAD_BUCKET_NAME = "outline-secrets-and-docs"
        AWS_S3_ACL          = "private"
        SLACK_CLIENT_ID     = "619185886605.0496695491317"
        SLACK_CLIENT_SECRET = "7c1f379c72bd57d32343e09790a52eec"
        SLACK_VERIFICATION_TOKEN = "JWslOCTBd5UTUfJ7xxe4NMS2"
        OIDC_CLIENT_ID      = "outline"
        OIDC_CLIENT_SECRET  = "${var.outline_oidc_secret}"
        OIDC_TOKEN_URI      = "https://id.example.org/oauth2/token"
        OIDC_USERNAME_CLAIM = "preferred_username"
        ENABLE_UPDATES      = "false"
      }
    }
  }
}
variable "outline_oidc_secret" {
  type        = string
  description = "client secret of outline at the identity provider, from the password safe"
}
