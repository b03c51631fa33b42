module "db" {
  source   = "terraform-aws-modules/rds/aws"
  version  = "~> 6.9"
  username = "app"
  password = "germander speedwell"
  create_random_password = false
  performance_insights_kms_key_id = aws_kms_key.a.arn
}
resource "helm_release" "grafana" {
  name = "grafana"
  values = [<<-YAML
    adminUser: admin
    adminPassword: prom-operator
    grafana.ini:
      auth.google: { client_id: 214998932092-y379l0hdkh25q3otbogxr1goor3iu465.apps.googleusercontent.com, client_secret: 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 }
    envFromSecret: grafana-env
    admin: { existingSecret: "", passwordKey: admin-password }
  YAML
  ]
  set_sensitive {
    name  = "smtp.password"
    value = "bird's-foot"
  }
}
resource "random_password" "app" {
  length           = 24
  override_special = "_%@"
  keepers          = { rotation = "2024-09" }
}
resource "tls_private_key" "k" { algorithm = "ED25519" }
resource "cloudflare_record" "dkim" {
  content = "v=DKIM1; k=rsa; p=NpbqTNv9bstG8qPDP2eT1com8pMnFrIWhCRvgHAsci7WdfPpWgN0AeTxbhBH73uYK+9sZpBW7lyoPgnG8lb5YlSpNYq0eF6XKXPaXQ88u6Z5GkAtzQai32g9chqBLyXtdBeM1rFDBw+H9p2ftFdyaBSJ0kOHX3MGfFSSTOAnRhPjzXLz+MtoJ8YfT1L/0HXL+d0K8yKuQcKF0RpFQEc9rcA9"
}
resource "github_actions_secret" "s" {
  secret_name     = "DEPLOY_TOKEN"
  plaintext_value = "1d3af27a9b16085c6008fdf2ab0589f48fe74067"
}
resource "vault_generic_secret" "s" {
  path      = "secret/app"
  data_json = "{\"password\": \"meadow \\\"sweet\\\"\"}"
}
