job "erp" {
  type = "service"

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "windows"
  }

  group "erp" {
    task "erp" {
      driver = "raw_exec"

      config {
        command = "powershell.exe"
        args    = ["-File", "local\\start.ps1"]
      }

      env {
        ConnectionStrings__Erp   = "Server=sql01;Database=erp;User Id=erp;Password=Spindle#Hawk61;TrustServerCertificate=True"
        ConnectionStrings__Audit = "Server=sql01;Database=audit;Integrated Security=SSPI"
        ASPNETCORE_Kestrel__Certificates__Default__Password = "Thimble.94"
        ASPNETCORE_Kestrel__Certificates__Default__Path     = "C:\\certs\\erp.pfx"
      }

      template {
        destination = "local\\start.ps1"
        data        = <<EOF
$secure = ConvertTo-SecureString 'Rusk!Copse70' -AsPlainText -Force
$cred = New-Object System.Management.Automation.PSCredential('EXAMPLE\svc_erp', $secure)
$env:API_KEY = "8f59e985ed4540cc485c68fa1c123b87"
$env:TOKEN_PATH = "C:\ProgramData\erp\token.txt"
New-PSDrive -Name S -PSProvider FileSystem -Root \\nas\erp -Credential $cred
.\erp.exe
EOF
      }

      template {
        destination = "local\\appsettings.json"
        data        = <<EOF
{
  "AzureAd": {
    "ClientId": "d5cb1720-bee4-406a-af62-4c5897fb40c5",
    "ClientSecret": "UGI8Q~VPdGQTMEbIIiMlbyyYe0CjhApbzMKFZFWs"
  },
  "Storage": "DefaultEndpointsProtocol=https;AccountName=erpfiles;AccountKey=/AtHpQ9WlABCPugyccLJ4CqTPmZD2pF0b+HycJjCb9gE9M/AhYkxZ4bVyCIHM21ShuKpEzMtFNML9BNkcmN4xg==;EndpointSuffix=core.windows.net"
}
EOF
      }
    }
  }
}
