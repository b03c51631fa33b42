# Portail dossier patient - DSI du CHU
# Contact : astreinte 4412. Le mot de passe du compte de service se demande au guichet.
job "dossier-patient" {
  region      = "global"
  datacenters = ["salle-a"]
  priority    = 80

  group "portail" {
    network {
      port "http" { to = 8080 }
      port "admin" { to = 9990 }
    }

    service {
      name = "dossier-patient"
      port = "http"
      tags = ["traefik.enable=true", "traefik.http.routers.dp.middlewares=dp-auth@file"]
      check {
        type     = "http"
        path     = "/actuator/health"
        interval = "15s"
        timeout  = "3s"
      }
    }

    task "portail" {
      driver = "java"

      config {
        jar_path    = "local/portail.jar"
        jvm_options = [
          "-Xmx2g",
          "-Djavax.net.ssl.trustStore=/etc/pki/chu.jks",
          "-Djavax.net.ssl.trustStorePassword=changeit",
          "-Djavax.net.ssl.keyStore=/secrets/portail.p12",
          "-Djavax.net.ssl.keyStorePassword=P0rtail-Chu!2021",
        ]
      }

      template {
        destination = "local/application.properties"
        data        = <<EOH
spring.datasource.url=jdbc:oracle:thin:@//ora-dp.chu.example:1521/DPPROD
spring.datasource.username=DP_APP
spring.datasource.password=Stethoscope#47b
spring.datasource.hikari.maximum-pool-size=20

# annuaire
spring.ldap.urls=ldaps://ldap1.chu.example:636
spring.ldap.username=cn=svc-dp,ou=services,dc=chu,dc=example
spring.ldap.password=svcDP_g76m40
spring.ldap.base=dc=chu,dc=example

# ancien annuaire (coupé en mars) : spring.ldap.password=Azerty1234

dp.jwt.issuer=https://sso.chu.example
dp.jwt.secret=3d424bd18d6092fa571c98980c6663f4a72dbfeb45f37a577d6a482ea47c0acb
dp.jwt.expiration=28800
dp.password.policy.min-length=12
dp.password.reset-url=https://sso.chu.example/reset-password
management.endpoints.web.exposure.include=health,info,prometheus
server.servlet.session.cookie.name=DPSESSIONID
EOH
      }

      env {
        SPRING_CONFIG_LOCATION = "file:${NOMAD_TASK_DIR}/application.properties"
        DP_MSSANTE_USER        = "dossier@chu.mssante.example"
        DP_MSSANTE_PWD         = "Coquelicot79"
      }
    }
  }
}
