variables {
  smb_user   = "svc-print"
  smb_pass   = "Papierstau-29"
  admin_hash = "$2y$12$XDU18TIYnK0jJt3Vnx6jgy5hXWjUviBN..QYihcEqICxzqM5.iKfc"
}

job "nord-print" {
  datacenters = ["hh1"]

  group "cups" {
    task "cups" {
      driver = "docker"
      config {
        image = "olbat/cupsd:2026-10-01"
        mount {
          type   = "volume"
          target = "/scans"
          source = "scans"
          volume_options {
            driver_config {
              name = "local"
              options = {
                type   = "cifs"
                device = "//fs1.nordring.net/scans"
                o      = "username=scan,password=0rdner&Locher,vers=3.0"
              }
            }
          }
        }
      }
      env {
        CUPSADMIN        = "admin"
        CUPSPASSWORD     = "admin"
        PRINTER_PIN_MODE = "secure-release"
        SMB_PASSWORD     = var.smb_pass
      }
      template {
        destination = "local/printers.conf"
        data        = <<EOF
<Printer etage3>
AuthInfoRequired username,password
DeviceURI smb://NORDRING\svc-print:Tinte%26Toner@fs1.nordring.net/Etage3
State Idle
</Printer>
<Printer etiketten>
DeviceURI ipp://10.8.40.17:631/ipp/print
JobSheets none none
</Printer>
EOF
      }
      template {
        destination = "local/snmp.conf"
        data        = <<EOF
defVersion 3
defSecurityName print-mon
defSecurityLevel authPriv
defAuthType SHA
defAuthPassphrase Druckerschwärze
defPrivType AES
defPrivPassphrase Walzenwechsel99
EOF
      }
    }

    task "papercut" {
      driver = "docker"
      config {
        image = "harbor.nordring.net/print/papercut-ng:23.0"
        auth_soft_fail = true
      }
      template {
        destination = "secrets/server.properties"
        data        = <<EOF
admin.username=admin
admin.password=HASH\:${var.admin_hash}
database.type=SQLServer
database.url=jdbc:jtds:sqlserver://sql1.nordring.net/papercut
database.username=papercut
database.password=Sammelmappe.DIN.A4
server.ssl.keystore=custom/my-ssl-keystore
server.ssl.keystore-password=6bvcZx5J0YRExq
server.ssl.key-password=%%SSL_KEY_PASSWORD%%
auth.token.expiry-mins=30
user-source.config.password-reset-url=https://pw.nordring.net/reset
EOF
      }
      template {
        destination = "local/hooks/toner.ps1"
        data        = <<EOF
$cred = New-Object PSCredential("svc-print", (ConvertTo-SecureString "Kartusche_4711" -AsPlainText -Force))
$apiKey = (Get-Content C:\keys\toner.txt)
Invoke-RestMethod -Credential $cred -Headers @{ "X-Toner-Key" = "55498a30994970b78b3f68731ecf1f7c" } -Uri https://toner.nordring.net/order
net use P: \\fs1\print /user:NORDRING\svc-print Kartusche_4711
EOF
      }
    }
  }
}
