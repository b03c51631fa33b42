job "shop-api" {
  group "api" {
    task "api" {
      driver = "docker"
      config {
        image = "registry.example.net/shop-api:2024.9"
      }
      env {
        ASPNETCORE_ENVIRONMENT      = "Production"
        ConnectionStrings__Default  = "Host=db.example.net;Port=5432;Database=shop;Username=shop;Password=Kumquat{curly}7;Pooling=true"
        ConnectionStrings__Bus      = "Endpoint=sb://example.servicebus.example.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=UI8R7mnB1ZrY6EwGnKJkjwCCpQL5adTShey7e6I4OMQ="
        Authentication__Google__ClientSecret = "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"
        Kestrel__Certificates__Default__Path     = "/secrets/tls.pfx"
        Kestrel__Certificates__Default__Password = "pfx:pfx:pfx"
      }
      template {
        destination = "local/appsettings.Production.json"
        data        = <<EOJ
{
  "Logging": { "LogLevel": { "Default": "Information" } },
  "ConnectionStrings": {
    "Legacy": "Data Source=sql\\PROD,1433;Initial Catalog=Legacy;User ID=sa;Password='Ni;no\"7';TrustServerCertificate=true",
    "Redis": "cache.example.net:6380,password=pCdMYImvCdoN1SQ6ft0ujYmw//zM2CwhVcT6vLkPhOs=,ssl=True,abortConnect=False",
    "Trusted": "Server=.;Database=Shop;Trusted_Connection=True;"
  },
  "Jwt": { "Key": "this is my custom Secret key for authentication", "Issuer": "https://shop.example.net", "ExpiryMinutes": 60 },
  "ApiKeyHeaderName": "X-Api-Key",
  "SendGrid": { "ApiKey": "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" },
  "AzureAd": { "TenantId": "cf5b1e32-4237-4313-b00e-f9fc5779e815", "ClientId": "39c51780-594a-48f5-80dc-13c2d23560b4", "ClientSecret": "IDz8Q~OQNFq2RAShZaXqDEQHOnsJuIScfHOsUEAh" },
  "PasswordOptions": { "RequiredLength": 10, "RequireDigit": true },
  "AllowedHosts": "*"
}
EOJ
      }
    }
  }
}
