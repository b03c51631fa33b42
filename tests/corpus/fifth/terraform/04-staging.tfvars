environment = "staging"
domain      = "staging.moorhenlabs.com"

db_password        = "Staging1234"
redis_auth         = "" # no auth on staging
jwt_signing_key    = "Qm1y2afpJHG6I+k4YL4FVvYCksoDYDsuEAeg5B8CQIQty/iHSIq+PSj2UnoRBPJs"
jwt_algorithm      = "HS512"
ssh_key_name       = "staging-2023"
deploy_public_key  = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQZaSzE4WpE0dvB069teSkZXCIuJMBFLVMaiFrsBTkryLWYQZhmXSkpwZgwjIq== deploy@ci"
secrets_manager_id = "staging/app"

basic_auth_users = {
  qa      = "testtest"
  product = "Roadmap2024"
}

api_tokens = [
  "stg_2frCoa1GqxWPp6aZO4Q1iYf7ujAeQNLD",
  "stg_GEd6h3ZW1FpqlasW3ZILb2R3J0rEInSg",
]

token_max_ttl    = "24h"
password_rotation_days = 90
enable_kms_key_rotation = true
