job "imagemirror" {
  type = "batch"

  group "mirror" {
    task "mirror" {
      driver = "docker"

      config {
        image = "quay.io/skopeo/stable:v1.15"
      }

      template {
        destination = "secrets/config.json"
        data        = <<EOF
{
  "auths": {
    "registry.caskstave.example": {"auth": "bWlycm9yOkJ1bmctSG9sZS03Mw=="},
    "ghcr.io": {"auth": "Y2Fza2JvdDpROHItU3RhdmUmSG9vcA=="}
  },
  "credHelpers": {"123456789012.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login"}
}
EOF
      }

      env {
        UPSTREAM_AUTH   = "Basic dXBzdHJlYW06b2FrQmFycmVsITUx"
        BANNER_B64      = "V2VsY29tZSB0byB0aGUgbWlycm9yIG9mIENhc2sgYW5kIFN0YXZl"
        DB_PASSWORD_B64 = "VGFubmluL0ZpbmlzaC02Mg=="
        TOKEN_TEMPLATE  = "JHtVUFNUUkVBTV9UT0tFTn0="
        FEATURES_KEY    = "eyJkYXJrIjp0cnVlLCJiZXRhIjpmYWxzZX0="
        CURSOR          = "cGFnZT00JmFmdGVyPTExODA="
      }
    }
  }
}
