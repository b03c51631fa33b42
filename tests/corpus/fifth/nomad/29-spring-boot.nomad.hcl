job "dispatch" {
  datacenters = ["dc1"]

  group "dispatch" {
    task "app" {
      driver = "java"
      config {
        jar_path    = "local/dispatch.jar"
        jvm_options = ["-Xmx1g", "-Djavax.net.ssl.trustStorePassword=changeit", "-Djasypt.encryptor.password=ocean.liner.1912", "-Djavax.net.ssl.trustStore=/secrets/trust.jks"]
        args        = ["--spring.config.additional-location=local/application.yml", "--spring.flyway.password=Wanderer_fly3"]
      }

      template {
        destination = "local/application.yml"
        data        = <<YAML
spring:
  datasource:
    url: jdbc:postgresql://10.1.4.11:5432/dispatch?user=dispatch&password=kite-Runner-82&ssl=true
    hikari:
      maximum-pool-size: 12
  data:
    redis:
      password: 'HYzWuUvtXEShgDFk2Y0E'
  mail:
    username: dispatch@moorhenlabs.com
    password: {{ with nomadVar "nomad/jobs/dispatch" }}{{ .mail_password }}{{ end }}
  security:
    oauth2:
      client:
        registration:
          keycloak:
            client-id: dispatch
            client-secret: FicvWFA3Uj7jqhSpi4mXLkiNgPSgaFUr
            client-authentication-method: client_secret_basic
            authorization-grant-type: authorization_code
      resourceserver:
        jwt:
          public-key-location: classpath:jwt.pub
  ldap:
    urls: ldaps://dc01.office.lan
    username: cn=dispatch,ou=svc,dc=office,dc=lan
    password: "Tür\u0020zu!"
server:
  ssl:
    key-store: file:/secrets/dispatch.p12
    key-store-password: platform9¾
    key-alias: dispatch
maps:
  api-key: ${MAPS_API_KEY}
partner:
  dhl:
    api-key: 9k7zeQstQGGBapsZjqqbFPNM8YnwD29r
    api-secret: ApmkAC16YXr3HTzm
YAML
      }
    }
  }
}
