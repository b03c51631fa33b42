job "ddns" {
  type = "batch"
  periodic {
    crons            = ["*/5 * * * *"]
    prohibit_overlap = true
  }
  group "ddns" {
    task "ddclient" {
      driver = "docker"
      config {
        image   = "lscr.io/linuxserver/ddclient:3.11.2"
        volumes = ["secrets/ddclient.conf:/defaults/ddclient.conf"]
      }
      template {
        destination = "secrets/ddclient.conf"
        data        = <<EOF
daemon=300
ssl=yes
use=web, web=https://cloudflare.com/cdn-cgi/trace

protocol=cloudflare, \
zone=example.org, \
login=token, \
password=QUE10XYtHvMER6gg6vOHD8dMDUIUsQLsPvv2eGpk \
home.example.org

protocol=duckdns
password=e9de60ef-8f58-414b-a392-ed8cfcfb231c
hartmann-home

# porkbun wants apikey and secretapikey, not a password; not in use
EOF
      }
    }
    task "desec" {
      driver = "exec"
      config {
        command = "/usr/bin/curl"
        args = [
          "-sS",
          "-H", "Authorization: Token KT4T2MdS4lnvxbBAV9SQUROITbq5",
          "https://update.dedyn.io/?hostname=lab.dedyn.io",
        ]
      }
    }
    task "inwx" {
      driver = "exec"
      config {
        command = "/usr/bin/curl"
        args    = ["-s", "-u", "hartmann:nordwand-8848", "https://dyndns.inwx.com/nic/update?myip=", "--cacert", "/etc/ssl/ca.pem"]
      }
    }
  }
}
