# Saved with Notepad.
job "intranet" {
	datacenters = ["office"]
	group "iis" {
		task "site" {
			driver = "raw_exec"
			config {
				command = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
				args    = ["-NoProfile", "-Command", "$pw = ConvertTo-SecureString 'Bücherei-2.OG' -AsPlainText -Force; & local\\start.ps1"]
			}
			env {
				DB_CONNECTION  = "Data Source=SQL01;Initial Catalog=Intranet;User ID=web;Pwd=Haus.Ordnung;MultipleActiveResultSets=True"
				PFX_PASSWORD   = "C:\\pfx\\2024"
				PFX_PATH       = "C:\\secrets\\site.pfx"
				# PROXY_PASSWORD = "Sommerfest!"
				PROXY_USER     = "OFFICE\\svc-web"
			}
			template {
				destination = "local/start.ps1"
				data        = <<EOT
$cred = New-Object System.Net.NetworkCredential("svc-web", "Kaffeekasse 3,50")
net use Z: \\files\share /user:OFFICE\svc-web "Kaffeekasse 3,50"
$token = $env:API_TOKEN
$headers = @{ Authorization = "Bearer $token" }
$ApiKey = "5eb5a547f6d67ccaad78477744d8b866"
Start-Process notepad -ArgumentList "password.txt"
EOT
			}
		}
	}
}
