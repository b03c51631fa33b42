job "win-agent" {
  datacenters = ["büro"]
  type        = "system"

  group "agent" {
    task "join" {
      driver = "raw_exec"
      config {
        command = "powershell.exe"
        args    = ["-NoProfile", "-Command", "net use Z: \\\\nas01\\share \"heron3860\" /user:CORP\\svc-nas; & local\\join.ps1"]
      }
      env {
        SVC_USER     = "CORP\\svc-deploy"
        SVC_PASSWORT = "Größe-Quartz2017!"
        CRED_FILE    = "C:\\ProgramData\\deploy\\cred.xml"
      }
      template {
        destination = "local/join.ps1"
        data        = <<EOF
$ErrorActionPreference = "Stop"
# $pass = "********"
$pass = ConvertTo-SecureString "Pa8Xx~IzY-ULmZ" -AsPlainText -Force
$cred = New-Object System.Management.Automation.PSCredential("CORP\join", $pass)
Add-Computer -DomainName corp.example.de -Credential $cred
$token = Get-Content C:\secrets\token.txt -Raw
Invoke-RestMethod -Uri https://api.example.de/hosts -Headers @{ "X-Auth-Token" = "57b2a3a5297bf1909171081f3bef6fb3a84cef54729cfe9e"; Authorization = "Bearer $token" }
$env:OCTOPUS_API_KEY = 'API-C513A53E0DF93C3852256DBDFE'
sqlcmd -S sql01 -U sa -P Dahlia2025 -Q "select 1"
schtasks /create /tn backup /tr C:\b.cmd /sc daily /ru CORP\svc /rp nZgZr0e6eVLJ7
Set-LocalUser -Name kiosk -PasswordNeverExpires $true
EOF
      }
    }
  }
}
