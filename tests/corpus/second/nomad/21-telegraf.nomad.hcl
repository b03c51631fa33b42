job "telegraf" {
  type = "system"
  group "telegraf" {
    task "telegraf" {
      driver = "docker"
      config {
        image        = "telegraf:1.31"
        network_mode = "host"
        volumes      = ["local/telegraf.conf:/etc/telegraf/telegraf.conf:ro"]
      }
      template {
        destination = "local/telegraf.conf"
        data        = <<EOF
[agent]
  interval = "10s"
  hostname = "{{ env "attr.unique.hostname" }}"

[[outputs.influxdb_v2]]
  urls = ["https://influx.example.net"]
  token = "ngLVEugp8-cVP5fp8dRfMYtHsn1vC8VFcN_6rUVeBoWfFWsHzXcFrM8yqAC8FFMG6Ivt728Gln-pfcnlG2ZxLT=="
  organization = "ops"

[[outputs.influxdb_v2]]
  urls = ["https://influx2.example.net"]
  token = "$INFLUX_TOKEN"

[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:1883"]
  username = "telegraf"
  password = 'back\slash-literal'

[[inputs.postgresql]]
  address = "postgres://telegraf:low_orbit_@localhost/app?sslmode=disable"
[[inputs.sqlserver]]
  servers = ["Server=10.0.0.9;Port=1433;User Id=telegraf;Password=T3le~gr4f;app name=telegraf;"]
[[inputs.http]]
  urls = ["https://inverter.example.net/api/v1/status"]
  [inputs.http.headers]
    X-Api-Key = "tnZYixKx16YU7cRbf1Ow6GWE2tQd1wYl"
    Accept = "application/json"
[[inputs.vsphere]]
  vcenters = ["https://vc.example.net/sdk"]
  password = "@{secretstore:vc_password}"
  insecure_skip_verify = true
[[inputs.x509_cert]]
  sources = ["/etc/ssl/key.pem"]
  tls_key = "/etc/telegraf/key.pem"
EOF
      }
    }
  }
}
