job "hr-portal" {
  constraint {
    attribute = "${attr.kernel.name}"
    value     = "windows"
  }

  group "portal" {
    task "portal" {
      driver = "raw_exec"

      config {
        command = "C:\\apps\\portal\\Portal.exe"
        args    = ["--urls", "http://*:5080", "--cert-password", "Umbrella(7)Stand"]
      }

      env {
        ASPNETCORE_ENVIRONMENT                = "Production"
        ConnectionStrings__Default            = "Server=sql01.example.org;Database=HR;User Id=hr_app;Password=Gr4nite&Moss;TrustServerCertificate=True"
        ConnectionStrings__Reports            = "Server=sql02.example.org;Database=Reports;Integrated Security=True"
        AzureAd__ClientId                     = "3cd5f1a7-06ef-4c3c-8523-7f384ac99209"
        AzureAd__ClientSecret                 = "Jyf8Q~P99qAuWjzsnIWNxV6o43MEORGhXfbInKVj"
      }

      template {
        destination = "local/appsettings.Production.json"
        data        = <<JSON
{
  "Logging": { "LogLevel": { "Default": "Information" } },
  "Storage": {
    "Blob": "DefaultEndpointsProtocol=https;AccountName=hrportal;AccountKey=HnNjlOO/zDYlfml30/qhmOi5MGGrQldzIkTNLryxZ3SHMiItsnKtEbRyz95BfK7r9pyQk7f0OdOU/80NTjCeDg==;EndpointSuffix=core.windows.net"
  },
  "Jwt": {
    "Issuer": "https://hr.example.org",
    "Key": "long \"enough\" key for hs256, says Jan",
    "Algorithm": "HS256",
    "TokenLifetimeMinutes": 60
  },
  "Smtp": {
    "User": "hr@example.org",
    "Password": "Password1",
    "UseDefaultCredentials": false
  },
  "Kestrel": {
    "Certificates": { "Default": { "Path": "portal.pfx", "Password": "Umbrella(7)Stand" } }
  }
}
JSON
      }
    }
  }
}
