terraform {
  required_providers {
    nomad = { source = "hashicorp/nomad", version = "~> 2.3" }
  }
  backend "consul" {
    path         = "terraform/nomad/state"
    access_token = "211d4a21-b082-4581-bdef-f9948ca33544"
    lock         = true
  }
}

provider "nomad" {
  address   = "https://nomad.example.net:4646"
  secret_id = "48504605-01ea-4f49-8ea4-1f5ec2dadc9b"
  key_file  = "certs/nomad.key"
}

resource "nomad_variable" "db" {
  path = "nomad/jobs/shop"
  items = {
    db_user     = "shop"
    db_password = "nuKTu_JlVw69!h^i^J_88a2w"
    api_token   = random_password.api.result
  }
}

resource "random_password" "api" {
  length           = 32
  override_special = "!#$%&*()-_=+[]{}<>:?"
  keepers = {
    secret_version = "4"
  }
}

resource "nomad_job" "cache" {
  jobspec = <<EOT
job "cache" {
  group "redis" {
    task "redis" {
      driver = "docker"
      config {
        image = "redis:7"
        args  = ["--requirepass", "e3142ac601637234b82252ba", "--masterauth", "${var.master_auth}"]
      }
    }
  }
}
EOT
}

resource "nomad_job" "web" {
  jobspec = templatefile("${path.module}/web.nomad.hcl", {
    session_secret = "mTnibWmsGH0QB0UXowBafevLftQk+Ib5y0V8xD/5p4s="
    db_password    = data.vault_kv_secret_v2.db.data["password"]
    image_digest   = "sha256:9b33f07214f34f884ca9439c8f2bd9d41a95ee5c8e601c19bfe88bf999920198"
  })
}

variable "master_auth" {
  type      = string
  sensitive = true
  default   = "saddle9594"
  validation {
    condition     = length(var.master_auth) > 7
    error_message = "The master_auth password must have 8 characters."
  }
}

resource "nomad_acl_policy" "anon" {
  name      = "secret-reader"
  rules_hcl = <<EOT
namespace "default" {
  variables { path "secret/*" { capabilities = ["read"] } }
}
EOT
}
