job "token-janitor" {
  type = "batch"
  parameterized {
    payload       = "optional"
    meta_required = ["secret_name", "key_version"]
  }
  group "janitor" {
    task "rotate" {
      driver = "docker"
      config {
        image   = "registry.example.net/platform/secret-rotator:2.8.0"
        command = "rotate"
        args = [
          "--secret-path=kv/apps/billing/db-password",
          "--token-ttl=45m",
          "--password-policy=alnum-32",
          "--key-type=ed25519",
          "--signing-key=${NOMAD_SECRETS_DIR}/signing.pem",
          "--api-key-header=X-Rotation-Key",
          "--bearer-token-file=/var/run/secrets/token",
        ]
      }
      env {
        PASSWORD_COLUMN      = "encrypted_password"
        TOKEN_TABLE          = "oauth_access_tokens"
        SECRET_BACKEND       = "vault"
        CREDENTIAL_PROVIDER  = "instance-profile"
        FEATURE_API_KEYS_V2  = "enabled"
        PASSWORD_RESET_URL   = "https://id.example.net/password/reset?token=%s"
        KMS_KEY_ID           = "arn:aws:kms:eu-central-1:123456789012:key/f5e78de4-a693-4605-8634-fe675dcff201"
        OLD_TOKEN_ID         = "55993493"
        JWKS_URI             = "https://id.example.net/.well-known/jwks.json"
      }
    }
  }
}
