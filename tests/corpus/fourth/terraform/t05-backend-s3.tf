terraform {
  backend "s3" {
    bucket     = "tf-state"
    key        = "prod/secrets/terraform.tfstate"
    region     = "eu-west-1"
    access_key = "AKIAUNZUI4EO6NXFFF27"
    secret_key = "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"
    encrypt    = true
    kms_key_id = "alias/terraform-state-key"
    dynamodb_table = "tf-lock"
  }
}
data "terraform_remote_state" "net" {
  backend = "pg"
  config = {
    conn_str = "postgres://tf:c36_B.~bHP!EEN@pg.example.net/tf_state"
  }
}
# credentials "app.terraform.io" { token = "QtRymlcbend2ML.atlasv1.sApqDXfoixoTUs3eZtBVWygNSJ7Lx57qGTKdg0DTBpSMtdvWICqzlAPDn4qrRdOHlMQ" }
locals {
  secret_names = toset(["db-password", "api-token"])
  state_key    = "${terraform.workspace}/terraform.tfstate"
}
