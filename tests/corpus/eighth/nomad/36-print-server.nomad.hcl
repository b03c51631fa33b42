job "impression" {
  datacenters = ["salle-a"]
  group "cups" {
    task "cups" {
      driver = "docker"
      config {
        image = "registry.chu.example/infra/cups:2.4"
        command = "/bin/sh"
        args    = ["-c", "echo 'cupsadmin:Ordonnance.66' | chpasswd && exec cupsd -f -c /local/cupsd.conf"]
      }

      env {
        CUPS_ADMIN_PW  = "Bloc\"B\"$${2}"
        AD_JOIN_SECRET = "CHU\\joindre\\2020!"
        PAPERCUT_B64   = "cGFwZXJjdXQ6VG9uZXItTm9pci0z"
        BANNER_B64     = "SW1wcmltYW50ZSByZXNlcnZlZSBhdSBwZXJzb25uZWwgc29pZ25hbnQ="
        SNMP_COMMUNITY = "public"
        SNMP_AUTHPASS  = "snmpV3-chu-auth"
        SNMP_AUTHPROTO = "SHA-256"
        SNMP_ENGINE_ID = "80001f8856e12914a89dcb97"
        KRB5_KTNAME    = "/secrets/cups.keytab"
      }

      template {
        destination = "local/htpasswd"
        data        = <<EOF
# htpasswd -B, voir la procédure IMP-12
pharmacie:$2y$05$VZSGgBZ9tbVujgoJpp./EWOfeV/5FwNENbHV2MF7cfPeVL/IsR0hS
labo:$apr1$5ng0LiQB$KDey/0Ha1J2xQthc71pXjY
EOF
      }

      template {
        destination = "local/nginx.conf"
        data        = <<EOF
server {
  listen 8631 ssl;
  ssl_certificate_key /secrets/cups.key;
  auth_basic "Mot de passe du service";
  auth_basic_user_file /local/htpasswd;
  location /api/ {
    proxy_set_header Authorization "Bearer nBUDfoN2XtpQaj36gNjlVL4t8RnCmyVq3c8G";
    proxy_set_header X-Token $http_x_token;
    proxy_pass http://127.0.0.1:631;
  }
  if ($arg_cle != "pj00p5xjqi7jvf") { return 403; }
}
EOF
      }
    }
  }
}
