job "wms-sync" {
  datacenters = ["venlo"]
  type        = "batch"

  periodic {
    crons            = ["*/15 * * * *"]
    prohibit_overlap = true
  }

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "windows"
  }

  group "sync" {
    task "mount" {
      driver = "raw_exec"
      lifecycle { hook = "prestart" }
      config {
        command = "cmd.exe"
        args    = ["/c", "net use W: \\\\thv-fs01\\wms$ /user:THV\\svc-wms Pallet-Truck_55 /persistent:no"]
      }
    }

    task "import" {
      driver = "raw_exec"
      config {
        command = "powershell.exe"
        args    = ["-ExecutionPolicy", "Bypass", "-File", "local/import.ps1", "-SqlPassword", "Vorkheftruck#12", "-KeyPath", "C:\\ProgramData\\thv\\wms.key"]
      }

      template {
        destination = "local/import.ps1"
        data        = <<EOF
param([string]$SqlPassword, [string]$KeyPath)
$ErrorActionPreference = 'Stop'
$sec  = ConvertTo-SecureString "Vorkheftruck#12" -AsPlainText -Force
$cred = New-Object System.Management.Automation.PSCredential("THV\svc-wms", $sec)
# $cred = Get-Credential   # asks for the password, does not work in a service
Invoke-Sqlcmd -ServerInstance "sql02.thv.internal" -Username wms_ro -Password $SqlPassword -Query "EXEC dbo.usp_Export"
sqlcmd -S sql02 -U sa -P S@p-Venlo-2016 -i local\fixup.sql
$conn = "Server=sql02;Database=WMS;User Id=wms_rw;Password=QBBFWxn82SezaaHq;TrustServerCertificate=True"
$headers = @{ "Ocp-Apim-Subscription-Key" = "654ecf8a64c9c6b710b12d749bf078b2" }
$hash = (Get-FileHash local\stock.csv -Algorithm SHA256).Hash
$token = [guid]::NewGuid().ToString()
EOF
      }
      env {
        WMS_PASSWORD_EXPIRES = "false"
        WMS_PUBLICKEYTOKEN   = "b03f5f7f11d50a3a"
      }
    }
  }
}
