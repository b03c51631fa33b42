/*
  Kargo takip - eski servis (2011). Dokunmadan önce Selim'e sorun.
*/
job "kargo-takip" {
  datacenters = ["ist-gebze"]
  type        = "service"

  group "tomcat" {
    count = 2

    network {
      port "http" { to = 8080 }
    }

    restart {
      attempts = 5
      delay    = "20s"
      mode     = "delay"
    }

    task "tomcat" {
      driver = "docker"

      config {
        image = "tomcat:8.5-jdk8"
        ports = ["http"]
        volumes = [
          "secrets/context.xml:/usr/local/tomcat/conf/context.xml",
          "secrets/tomcat-users.xml:/usr/local/tomcat/conf/tomcat-users.xml",
        ]
      }

      env {
        JAVA_OPTS = "-Xms512m -Xmx1536m -Dmq.url=failover:(tcp://mq1:61616,tcp://mq2:61616) -Dmq.user=kargo -Dmq.pass=Kamyon34GBZ -Dreport.key.alias=rapor-imza"
        CATALINA_OPTS = "-Dcom.sun.management.jmxremote.password.file=/secrets/jmx.password -Dcom.sun.management.jmxremote.ssl=false"
      }

      template {
        destination = "secrets/context.xml"
        data        = <<EOF
<?xml version="1.0" encoding="UTF-8"?>
<Context>
  <!-- üretim -->
  <Resource name="jdbc/kargo" auth="Container" type="javax.sql.DataSource"
            driverClassName="com.microsoft.sqlserver.jdbc.SQLServerDriver"
            url="jdbc:sqlserver://sql02.lojistik.example:1433;databaseName=KARGO;encrypt=true"
            username="kargo_app" password="Tır&amp;Depo2015"
            maxTotal="40" validationQuery="SELECT 1"/>
  <Resource name="jdbc/arsiv" auth="Container" type="javax.sql.DataSource"
            url="jdbc:sqlserver://sql03;databaseName=ARSIV;user=arsiv_ro;password=Ars1v!oku;loginTimeout=15"/>
  <!-- test: <Resource name="jdbc/test" username="sa" password="Sa12345!"/> -->
  <Environment name="passwordColumn" value="SIFRE_HASH" type="java.lang.String"/>
</Context>
EOF
      }

      template {
        destination = "secrets/tomcat-users.xml"
        data        = <<EOF
<tomcat-users>
  <role rolename="manager-script"/>
  <user username="deployer" password="nd0eoriwky" roles="manager-script"/>
  <user username="tomcat" password="tomcat" roles="manager-status"/>
</tomcat-users>
EOF
      }

      template {
        destination = "secrets/jmx.password"
        data        = "monitorRole izle2014\ncontrolRole yonet_2014_jmx\n"
      }
    }
  }
}
