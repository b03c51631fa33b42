job "kundenportal" {
  datacenters = ["muc"]

  group "portal" {
    task "web" {
      driver = "docker"

      config {
        image = "hub.alpentech.at/portal/web:2024.9"
        auth {
          username = "nomad"
          password = "dckr_pat_5igKY4oO8dIimwswmpCWlUhJ31c"
        }
      }

      env {
        ASPNETCORE_ENVIRONMENT               = "Production"
        ConnectionStrings__Kunden        = "Server=tcp:sql01.alpentech.at,1433;Database=Kunden;User ID=portal;Password=Gipfelkreuz_2864;Encrypt=True;TrustServerCertificate=False"
        ConnectionStrings__Archiv          = "Server=sql02;Database=Archiv;Integrated Security=SSPI"
        Storage__ConnectionString          = "DefaultEndpointsProtocol=https;AccountName=alpenportal;AccountKey=pVbt4IN2QKvseWKImk9PfqeyUninYIQ0VDRkxE1LmpjejGQ3No9pxu0RBszfcZftC0iDzwJ83Nd1dVw/6N2ghQ==;EndpointSuffix=core.windows.net"
        ServiceBus__ConnectionString       = "Endpoint=sb://alpen.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=MtZ8zFCA2PfpCtFdpwXH+jYTgG9SZrIz6WjzCL2v0uk="
        ApplicationInsights__InstrumentationKey = "65c3b188-cc10-42dd-a837-9c7ce65426f7"
        AzureAd__TenantId                  = "4bde94fb-78c8-4d5f-88b7-9affd2b49c12"
        AzureAd__ClientId                  = "a4b00629-8347-45eb-96c5-296f62e338d7"
        AzureAd__ClientSecret              = "0Ie8Q~fjDed5JsfPfKim3vAK1UdskfqS1dXba9rE"
        Identity__Password__RequireDigit   = "true"
        Identity__Password__RequiredLength = "10"
      }

      template {
        destination = "secrets/appsettings.Production.json"
        data        = <<EOF
{
  "Logging": { "LogLevel": { "Default": "Warning" } },
  "Jwt": {
    "Issuer": "https://portal.alpentech.at",
    "SigningKey": "XLgOChepMPf4SRFt1ECtMLuu8muR3q/YgBqUlbX8zqqLsGj8PKlioplBLBTMzxnM",
    "KeyId": "portal-2024-02",
    "TokenLifetimeMinutes": 30
  },
  "Mail": {
    "Host": "smtp.office365.com",
    "User": "noreply@alpentech.at",
    "Password": "Edelwei\u00df\/7"
  },
  "Lexware": { "ApiUser": "portal", "ApiPassword": "{{ key "portal/lexware" }}" },
  "DataProtection": {
    "CertificateThumbprint": "93016F1C4261E5351D30B49895D1A0D1F13DCE20",
    "KeyVaultName": "kv-alpenportal-prod"
  }
}
EOF
      }
    }
  }
}
