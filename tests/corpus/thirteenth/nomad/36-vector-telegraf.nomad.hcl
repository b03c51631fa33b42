job "collect" {
  type = "system"
  group "collect" {
    task "vector" {
      driver = "docker"
      config {
        image = "timberio/vector:0.41.1-alpine"
        logging {
          type = "splunk"
          config {
            splunk-url        = "https://hec.leitstelle.example:8088"
            splunk-token      = "38151487-9b56-4849-8860-8e3489304399"
            splunk-sourcetype = "vector:token"
          }
        }
      }
      template {
        destination     = "local/vector.toml"
        left_delimiter  = "(("
        right_delimiter = "))"
        data            = <<TOML
[sources.http]
type = "http_server"
address = "0.0.0.0:8686"
auth.username = "edge"
auth.password = "Funkloch-B27"

[transforms.redact]
type = "remap"
inputs = ["http"]
source = """
.message = redact(string!(.message), filters: ["us_social_security_number", r'password=\\S+'])
.host = get_hostname!()
"""

[sinks.es]
type = "elasticsearch"
inputs = ["redact"]
endpoints = ["https://es.leitstelle.example:9200"]
auth = { strategy = "basic", user = "vector", password = "Leit\\stelle\"112" }

[sinks.dd]
type = "datadog_logs"
inputs = ["redact"]
default_api_key = "(( with nomadVar "nomad/jobs/collect" ))(( .dd ))(( end ))"

[sinks.s3]
type = "aws_s3"
inputs = ["redact"]
bucket = "leitstelle-logs"
key_prefix = "date=%F/"
auth.access_key_id = "AKIAJJJVEU4HBRY33FO2"
auth.secret_access_key = "hJcJtN7QoFSvofSXjb5jaDu6UwZXyFCHXTHur8hL"
ssekms_key_id = "3aed7d38-0db0-423e-abd0-38c26e5d7ba4"
TOML
      }
    }

    task "telegraf" {
      driver = "docker"
      config {
        image = "telegraf:1.32"
      }
      template {
        destination = "local/telegraf.conf"
        data        = <<TOML
[[outputs.influxdb_v2]]
  urls = ["http://influx.service.consul:8086"]
  token = "$INFLUX_TOKEN"
  organization = "leitstelle"
[[inputs.snmp]]
  agents = ["udp://10.9.0.1:161"]
  version = 3
  sec_name = "monitor"
  auth_protocol = "SHA"
  auth_password = "wartungsfenster"
  sec_level = "authPriv"
  priv_protocol = "AES"
  priv_password = "eePxmntXq8T6AmWZ"
[[inputs.mysql]]
  servers = ["telegraf:G0Pap6xBeHPX0@tcp(10.9.0.5:3306)/?tls=false"]
TOML
      }
    }
  }
}
