job "legacy-crm" {
  datacenters = ["dc1"]
  type = "service"
  group "crm" {
    task "tomcat" {
      driver = "docker"
      config {
        image = "registry.example.net/crm:2.9"
        port_map { "http" = 8080 }
        auth {
          "username" = "puller"
          "password" = "fnwkaZ9QgK0qfFB9"
        }
      }
      env {
        "JAVA_OPTS" = "-Xmx512m -Djavax.net.ssl.keyStore=/keys/crm.jks -Djavax.net.ssl.keyStorePassword=anvil478 -Djavax.net.ssl.trustStorePassword=changeit"
        "crm.db.url" = "jdbc:oracle:thin:crm/3C1HFiMPkx@//ora.example.net:1521/CRM"
        "crm.db.user" = "crm"
        "crm.db.password" = "Tulip_Badger-6"
        "crm.ldap.credentials" = "oak6611"
        "crm.token.header" = "X-CRM-Token"
        "crm.token.validity" = "3600"
        "crm.mail.password" = "${env["CRM_MAIL"]}"
      }
      template {
        destination = "local/tomcat-users.xml"
        data = <<EOF
<?xml version="1.0" encoding="UTF-8"?>
<tomcat-users>
  <!-- <user username="tomcat" password="<must-be-changed>" roles="manager-gui"/> -->
  <role rolename="manager-script"/>
  <user username="deployer" password="GBx5ilVyDDYK" roles="manager-script"/>
  <user username="probe" password="tomcat" roles="probe"/>
</tomcat-users>
EOF
      }
      service {
        name = "crm"
        port = "http"
        tags = ["urlprefix-/crm"]
      }
    }
  }
}
