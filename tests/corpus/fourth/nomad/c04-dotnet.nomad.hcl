job "kasse" {
  datacenters = ["dc1"]
  group "kasse" {
    task "api" {
      driver = "docker"
      config {
        image = "kasse.azurecr.io/api:2024.9.1"
      }
      env {
        ASPNETCORE_URLS = "http://+:8080"
        ConnectionStrings__Default   = "Server=tcp:sql01.example.net,1433;Database=kasse;User Id=kasse;Password=vnTunfn9D^JVE?HB;TrustServerCertificate=True"
        ConnectionStrings__Reporting = "Driver={ODBC Driver 18 for SQL Server};Server=sql02;Uid=report;Pwd={IKlPn;OUKs0e};"
        ConnectionStrings__Intern    = "Server=sql01;Database=kasse;Integrated Security=SSPI"
        AzureStorage__ConnectionString = "DefaultEndpointsProtocol=https;AccountName=kassedocs;AccountKey=Ovy+gsE2gZjBsh6JB44P4WxcLdNMwtwegIJujOGgZ5UeK830Kn4VKi4gnIEXGTPQh04i9Mf43O5tuYdQw7mHNQ==;EndpointSuffix=core.windows.net"
        ServiceBus__ConnectionString = "Endpoint=sb://kasse.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=KcPqgvw7iv98zUhExAgJPd8v+AMK5gRJj1xaWyWzeFo="
        Storage__SasUrl  = "https://kassedocs.blob.core.windows.net/in?sv=2023-11-03&sp=rl&sig=GyWNI8Pkur9WWeGC93e64WLRXm8oKtlfe85c%2B4OV05s%3D"
        APPLICATIONINSIGHTS_CONNECTION_STRING = "InstrumentationKey=fab80e45-88e1-4a1b-b7ab-36a34ba5f89d;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/"
        AzureAd__ClientId     = "d34fad38-37fe-402e-8abf-1c0046b26be4"
        AzureAd__TenantId     = "38e42709-07ac-4858-8249-8468332d4e07"
        AzureAd__ClientSecret = "TU68Q~zQ3cZwAFv!75vuXKEbymOeYA4q~3XqKgJE"
        KeyVault__Uri         = "https://kasse-kv.vault.azure.net/"
        KeyVault__SecretName  = "kasse-db-password"
      }
      template {
        destination = "local/appsettings.Production.json"
        data        = <<EOF
{
  "Jwt": { "Issuer": "kasse", "Key": "SXQmWFLeF6yj6aHm8ekw1vcdPwqUX8V2yymYgHqP", "ExpireMinutes": 60 },
  "IdentityOptions": { "Password": { "RequiredLength": 10, "RequireDigit": true } },
  "Smtp": { "User": "kasse", "Password": "{{ with secret "kv/data/kasse" }}{{ .Data.data.smtp }}{{ end }}" },
  "Sms": { "AccountSid": "AC083480aa6f883b4c4fd06e8972f5f4eb", "AuthToken": "6e87d050f537bee5d3b56a35c2f1c90b" },
  "DataProtection": { "Thumbprint": "F5E77385B6902B92513454541DDD9A4F2F691525" },
  "Serilog": { "WriteTo": [ { "Name": "Seq", "Args": { "serverUrl": "http://seq:5341", "apiKey": "fXNmwsNXkHS0AOo0cRBZ" } } ] }
}
EOF
      }
    }
  }
}
