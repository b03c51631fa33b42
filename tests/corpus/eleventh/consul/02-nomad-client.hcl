region    = "eu"
data_dir  = "/opt/nomad"
bind_addr = "0.0.0.0"

server {
  enabled          = true
  bootstrap_expect = 3
  encrypt          = "WsiNhW2tBagC2LrtCitljSYw2xroOk+cgtaDyahKeAY="
}

consul {
  address = "127.0.0.1:8500"
  token   = "331db808-5a0d-470a-b314-9f0e6dbe776f"
  auth    = "ops:turbine-4"
}

vault {
  enabled               = true
  address               = "https://vault.service.consul:8200"
  create_from_role      = "nomad-cluster"
  jwt_auth_backend_path = "jwt-nomad"
  default_identity {
    aud = ["vault.io"]
    ttl = "1h"
  }
}

telemetry {
  circonus_api_token   = "d29d91fd-4593-485e-8ebb-95e211f0c674"
  circonus_api_app     = "nomad"
  prometheus_metrics   = true
}

plugin "docker" {
  config {
    auth {
      config = "/etc/docker/config.json"
      helper = "ecr-login"
    }
  }
}
