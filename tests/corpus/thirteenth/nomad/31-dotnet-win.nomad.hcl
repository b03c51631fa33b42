job "fakturierung" {
  constraint {
    attribute = "${attr.kernel.name}"
    value     = "windows"
  }

  group "iis" {
    task "prepare" {
      driver = "raw_exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = "powershell.exe"
        args    = ["-File", "local\\prepare.ps1"]
      }
      template {
        destination = "local/prepare.ps1"
        data        = <<PS1
$ErrorActionPreference = 'Stop'
net use Z: \\fs02\faktura /user:KONZERN\svc-faktura "Blaupause#4471"
$sec = ConvertTo-SecureString 'Drehstrom 400V' -AsPlainText -Force
$cred = New-Object PSCredential('KONZERN\svc-sql', $sec)
sqlcmd -S sql03 -U faktura -P 'ucANPHf37lmD6au' -i local\migrate.sql
$token = Get-Content C:\secrets\token.txt
Import-PfxCertificate -FilePath C:\secrets\faktura.pfx -Password $sec -CertStoreLocation Cert:\LocalMachine\My
PS1
      }
    }

    task "web" {
      driver = "raw_exec"
      config {
        command = "dotnet"
        args    = ["Faktura.Web.dll", "--urls", "http://*:${NOMAD_PORT_http}"]
      }
      env {
        ASPNETCORE_Kestrel__Certificates__Default__Password = "Zettelkasten"
        ConnectionStrings__Hangfire = "Server=sql03;Database=Hangfire;User Id=hangfire;Password=CZkhpItHm2ztZKrKmj;TrustServerCertificate=True"
      }
      template {
        destination = "local/appsettings.Production.json"
        data        = <<JSON
{
  "Logging": { "LogLevel": { "Default": "Information" } },
  "ConnectionStrings": {
    "Main": "Data Source=sql03;Initial Catalog=Faktura;User ID=faktura;Pwd=Eisvogel=Blau;Encrypt=true",
    "Reporting": "Server=sql04;Database=Rep;Integrated Security=SSPI",
    "Blob": "DefaultEndpointsProtocol=https;AccountName=fakturablob;AccountKey=vOGoFLtgTItQ0ZcpAiwwOdXp0MAlRZjyHuQCNMbpqxX8BmLfkJcH2JVIf4RQaFqdt+xdeCXnDYOkh8+mUJUz2g==;EndpointSuffix=core.windows.net"
  },
  "AzureAd": {
    "TenantId": "7a6a9705-1375-4f32-b0d9-87bb3b234310",
    "ClientId": "56b80d5b-39db-40da-ad58-1b6161792b54",
    "ClientSecret": "djH8Q~-UXUdgLRgmwWGJ-plHm9n-twdUJTEt0EK-"
  },
  "Jwt": { "Issuer": "faktura", "Key": "Ein langer Satz, der Tokens signiert, 2022" },
  "Datev": { "CertificateThumbprint": "182F2480C07DD488804607A6F8F9B1A36E9AFB5F" }
}
JSON
      }
      template {
        destination = "local/web.config"
        data        = <<XML
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <appSettings>
    <add key="SmtpPassword" value="Rot&amp;Weiss-02" />
    <add key="PasswordMinLength" value="12" />
  </appSettings>
  <system.web>
    <sessionState cookieName="FakturaToken" />
    <machineKey validation="HMACSHA256" validationKey="46D31066C5727C18C3E378242B0E627E43EF25E6D96A875F1D01746CFA8064610CC79567BE9C6A10ED007193065EC6C638D0101D847425BD968B55CCFE98B1FD" decryption="AES" decryptionKey="7EABD747A37DC6798505FFD7545BAA3609C1D1675B80DE16A89B89E4C34E6F64" />
  </system.web>
</configuration>
XML
      }
    }
  }
}
