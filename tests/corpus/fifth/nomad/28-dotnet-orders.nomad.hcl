job "orders" {
  datacenters = ["dc1"]

  group "orders" {
    task "api" {
      driver = "docker"
      config {
        image   = "moorhen.azurecr.io/orders-api:5.7.1"
        volumes = ["local/appsettings.Production.json:/app/appsettings.Production.json:ro"]
        auth {
          username = "moorhen"
          password = "8s1XtYmHtkF5jpGCUcamdeK8J6cWTIpOCnx4i4Ptyem8+ACRH6wS6"
        }
      }

      env {
        ASPNETCORE_ENVIRONMENT     = "Production"
        ConnectionStrings__Default = "Server=tcp:sql01.office.lan,1433;Database=Orders;User Id=orders;Password=Umbrella+Stand;Encrypt=True;TrustServerCertificate=True"
        ConnectionStrings__Storage = "DefaultEndpointsProtocol=https;AccountName=moorhenorders;AccountKey=IYhda+IxcIrYSec61kbLkuSaRe226dPdePrTv3AcBgTesLWkV7rCjgNaCQTdMAXP+YHTqmp6pArTsUp/EMHY9l==;EndpointSuffix=core.windows.net"
        Kestrel__Certificates__Default__Path     = "/secrets/orders.pfx"
        Kestrel__Certificates__Default__Password = "pfx-Lighthouse"
        AzureAd__TenantId     = "1abdae22-2b6b-494e-bb55-494b32f59fc6"
        AzureAd__ClientId     = "54176456-8f8f-4b46-b696-2296a9e81b58"
        AzureAd__ClientSecret = "d4t8Q~bmU7_3YvzSrxzZlYa81MiM6ZiKbj2_D0jE"
      }

      template {
        destination = "local/appsettings.Production.json"
        data        = <<JSON
{
  "Logging": { "LogLevel": { "Default": "Warning" } },
  "Jwt": {
    "Issuer": "https://orders.moorhenlabs.com",
    "Audience": "orders",
    "SigningKey": "ThisIsOurVeryLongSigningPhrase.Orders.2021",
    "AccessTokenMinutes": 20
  },
  "RabbitMq": { "Host": "rabbitmq.service.consul", "User": "orders", "Password": "wjjaIsLDBxaBTiw0" },
  "SendGrid": { "ApiKey": "{{ key "orders/sendgrid" }}", "TemplateId": "d-70e178160d76024be3789000c072363f" },
  "ServiceBus": "Endpoint=sb://moorhen.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=hqFx6/dtF1ParrNKhLAxpWmuZhn2y9vQsOwrGq9zyK5=",
  "PasswordPolicy": { "RequiredLength": 10, "RequireDigit": true }
}
JSON
      }
    }
  }
}
