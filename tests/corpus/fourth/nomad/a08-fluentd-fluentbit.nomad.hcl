job "logs" {
  datacenters = ["dc1"]
  type        = "system"

  group "shipper" {
    task "fluentd" {
      driver = "docker"
      config {
        image = "fluent/fluentd:v1.17-1"
        logging {
          type = "gelf"
          config {
            gelf-address = "udp://logs.example.net:12201"
            labels       = "com.example.token,com.example.owner"
          }
        }
      }
      template {
        destination = "local/fluent.conf"
        data        = <<EOF
<source>
  @type forward
  port 24224
  <security>
    self_hostname "#{ENV['HOSTNAME']}"
    shared_key pepper_nimbus_slate_larch
    <user>
      username edge
      password TlxlfllZkrjQU3
    </user>
  </security>
  <transport tls>
    private_key_path /secrets/fluentd.key
    private_key_passphrase magnet230
  </transport>
</source>
<match app.**>
  @type elasticsearch
  host es.service.consul
  user elastic
  password "#{ENV['ES_PASSWORD']}"
  # password 3O4vW1FgsrJR3wzIFWKa
  reload_connections false
</match>
<match audit.**>
  @type splunk_hec
  hec_host splunk.example.net
  hec_token 056edab5-75e3-49b2-9bae-e9f41f3a0d39
  index audit_secrets
</match>
<match kafka.**>
  @type kafka2
  sasl_over_ssl true
  username fluent
  password 0kRaDEItSQNkYRP^Fv~^0b
  scram_mechanism sha512
</match>
EOF
      }
    }

    task "fluent-bit" {
      driver = "docker"
      config {
        image = "fluent/fluent-bit:3.1"
        args  = ["-o", "loki", "-p", "host=loki.example.net", "-p", "http_user=112233", "-p", "http_passwd=glsa_LImYFcxbRUTXoEEH8FLXTnIDiUuyXs0l_7036fad5"]
      }
      template {
        destination = "local/fb.conf"
        data        = <<EOF
[OUTPUT]
    Name        datadog
    Match       *
    Host        http-intake.logs.datadoghq.eu
    apikey      6501c126b971d2f3283957e7ff15c9f3
[OUTPUT]
    Name        nrlogs
    license_key b7ffba7893118a05da1fce53c40c59207c40NRAL
[OUTPUT]
    Name        s3
    bucket      my-secret-logs
    sts_endpoint https://sts.eu-central-1.amazonaws.com
[OUTPUT]
    Name        http
    Host        in.example.net
    Header      Authorization Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJmYWxjb24iLCJzdWIiOiJ3aWxsb3ciLCJpYXQiOjE3MDA4NjYxODh9.grb8Ufa94m4YReucPbfQwwy47DJippysECmuPDx0QJs
    http_User   fluent
    http_Passwd {{ key "logs/http_passwd" }}
EOF
      }
    }

    task "vector" {
      driver = "docker"
      config {
        image = "timberio/vector:0.41.1-alpine"
        logging {
          type = "awslogs"
          config {
            awslogs-group  = "/nomad/token-service"
            awslogs-region = "eu-west-1"
          }
        }
      }
      template {
        destination     = "local/vector.toml"
        left_delimiter  = "((("
        right_delimiter = ")))"
        data            = <<EOF
[sinks.loki]
type = "loki"
endpoint = "https://loki.example.net"
auth.strategy = "basic"
auth.user = "vector"
auth.password = "DoGnjSgh+iKLrSv7yGoWnAPo"

[sinks.es]
type = "elasticsearch"
auth = { strategy = "basic", user = "vector", password = "((( with nomadVar "logs/es" ))) ((( .password ))) ((( end )))" }

[sinks.papertrail]
type = "http"
uri = "https://logs.collector.solarwinds.com/v1/log"
[sinks.papertrail.request.headers]
X-Auth-Token = "twA1fU9W4Qtk2DHEI-S83cp66dnKnp2Uk2mqOer8kcmJ"
Content-Type = "application/json"

[transforms.scrub]
type = "remap"
source = '''
  .message = redact(.message, filters: [r'(password|token)=\S+'])
'''
EOF
      }
    }
  }
}
