terraform {
  backend "pg" {
    conn_str    = "postgres://tfstate:Staat-van-Zaken1@pg.thv.internal/terraform?sslmode=require"
    schema_name = "network"
  }
}

# moved 2022-06:
# backend "http" {
#   address  = "https://git.thv.internal/api/v4/projects/31/terraform/state/network"
#   username = "tf-state"
#   password = "glpat-4LHgTBhsibZPPQ9TSYhs"
#   lock_id  = "320f191c-00eb-4298-b485-7120a15f6953"
# }

data "terraform_remote_state" "core" {
  backend = "azurerm"
  config = {
    storage_account_name = "thvtfstate"
    container_name       = "state"
    key                  = "core.prod.tfstate"
    sas_token            = "?sv=2022-11-02&ss=b&srt=co&sp=rl&se=2027-01-01T00:00:00Z&sig=77xwAXMkJpFQieXrycpWjpDsKD3YBASCdc0zbHD67R%3D"
  }
}
