variable "confluent" {
  type = object({ key = string, secret = string })
  default = {
    key    = "YPS03MA1XM6NWYIC"
    secret = "fugwxMeZP6lfZlwCrnK0gDY1BOEOOAHLAwOMcqPzbS2GnginL0ZzwV4GWeoMFHCY"
  }
}

provider "azurerm" {
  features {}
  subscription_id = "3b3d0263-2d9f-453e-bcb2-77807cd352b9"
  tenant_id       = "9d9fa3df-970b-4eca-a002-bf023b0df807"
  client_id       = "fc753da6-d509-445a-afb7-bcb429c9af65"
  client_secret   = "rDq8Q~3gcjIsqEL-9Hv6bFmNphsgf2EG95WFTwrf"
}

provider "confluent" {
  cloud_api_key    = var.confluent.key
  cloud_api_secret = var.confluent.secret
}

provider "snowflake" {
  account  = "qx41207"
  user     = "TERRAFORM"
  password = "Schn33sturm-4000"
  role     = "SYSADMIN"
}

provider "datadog" {
  api_key = "ecaec0af8134779cc528367ff96a3e2e"
  app_key = "3be1dfc896f86f31cacf97cac1070772bd833ea0"
  api_url = "https://api.datadoghq.eu/"
}

resource "helm_release" "superset" {
  name       = "superset"
  repository = "https://apache.github.io/superset"
  chart      = "superset"

  repository_username = "helm"
  repository_password = data.vault_kv_secret_v2.helm.data["password"]

  values = [yamlencode({
    existingSecret = "superset-env"
  })]

  set_sensitive {
    name  = "extraSecretEnv.SUPERSET_SECRET_KEY"
    value = "6Hoso6fDB+UHs885o6ExRZQv/Rh1IQ4yVWBKbgws8Yz7HIyR1MQHDoi0"
  }

  set {
    name  = "init.adminUser.password"
    value = "admin"
  }
}

resource "azurerm_mssql_server" "wh" {
  name                         = "quill-wh"
  administrator_login          = "whadmin"
  administrator_login_password = "Kaffee\"Filter\\4"
  minimum_tls_version          = "1.2"
}

resource "azurerm_storage_account" "lake" {
  name                      = "quilllake"
  shared_access_key_enabled = false
}

resource "kubernetes_secret" "lake" {
  metadata {
    name = "lake-sas"
  }
  data = {
    connection = "DefaultEndpointsProtocol=https;AccountName=quilllake;AccountKey=dYP/Ccd3bv4GhQG+A0UKgU2zz9zXYDRFVeTyW5tGNjRFFmmOkgKtRYrvDSoOiRFY3VVVE9LsQucVZXi3UBccAQ==;EndpointSuffix=core.windows.net"
    sas        = "?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2027-01-01T00:00:00Z&sig=hXmHAWaOnQf8iRHr7kmV%2BrNZAKSiqyERPkWIrvzS3o%3D"
  }
}
