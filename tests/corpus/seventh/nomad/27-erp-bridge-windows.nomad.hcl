job "erp-bridge" {
  datacenters = ["werk2"]
  type        = "service"

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "windows"
  }

  group "bridge" {
    task "bridge" {
      driver = "raw_exec"

      config {
        command = "powershell.exe"
        args    = ["-NoProfile", "-ExecutionPolicy", "Bypass", "-File", "local\\start.ps1"]
      }

      template {
        destination = "local/start.ps1"
        data        = <<EOF
# Startet die Bruecke zum ERP. Kennwort laeuft nicht ab, siehe Ticket 4471.
$ErrorActionPreference = 'Stop'
net use Z: \\erp01\austausch /user:WERK2\svc_bridge Fr4esmaschine! /persistent:no
$pw   = ConvertTo-SecureString 'Dreh&Bank_500' -AsPlainText -Force
$cred = New-Object System.Management.Automation.PSCredential('WERK2\svc_sql', $pw)
$hash = Get-FileHash .\bridge.exe -Algorithm SHA256
sqlcmd -S erp01\PROD -U bridge -P "Kuehlmittel;12" -Q "EXEC dbo.usp_Refresh"
# sqlcmd -S erp01\TEST -U sa -P Test1234 -Q "SELECT 1"
schtasks /create /tn Aufraeumen /tr cleanup.cmd /sc daily /ru WERK2\svc_task /rp nachtschicht22
$env:BRIDGE_API_KEY = "OUC0LV0BXKPAJQ3499YIQP9HR"
$secretName = "erp-bridge-cert"
$tokenLifetime = 3600
.\bridge.exe --config Z:\bridge.xml --pfx cert.pfx --pfx-password-prompt:off
EOF
      }

      template {
        destination = "local/bridge.xml"
        data        = <<EOF
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <connectionStrings>
    <add name="Erp" providerName="System.Data.Odbc" connectionString="DSN=ERP;UID=bridge;PWD=Kuehl&amp;Schmier9;" />
  </connectionStrings>
  <appSettings>
    <add key="MesPasswort" value="span-abhebend-3" />
    <add key="PasswortAblaufTage" value="90" />
    <add key="TokenUrl" value="https://mes.werk2.local/oauth/token" />
  </appSettings>
  <system.web>
    <machineKey validationKey="D444A157D52ED8748D31D3092954D2C93E7FB6D28C587DB821F6A0EFA5EA7D26DC47BBCFB4768314CD2FEABBDA5F05CB39676B9852E160D80205270575870032" decryptionKey="264FA2BA9DF8A1285822184AAF4614DC90792F3246EE72FD" validation="SHA1" />
  </system.web>
</configuration>
EOF
      }
    }
  }
}
