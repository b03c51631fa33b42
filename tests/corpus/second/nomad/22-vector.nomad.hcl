job "vector" {
  type = "system"
  group "vector" {
    task "vector" {
      driver = "docker"
      config {
        image = "timberio/vector:0.40.1-alpine"
        args  = ["--config", "/local/vector.toml", "--require-healthy", "true"]
      }
      template {
        destination     = "local/vector.toml"
        left_delimiter  = "(("
        right_delimiter = "))"
        data            = <<EOH
data_dir = "/alloc/data"
[sources.nomad]
type = "docker_logs"

[transforms.mask]
type = "remap"
inputs = ["nomad"]
source = '''
  .message = replace(string!(.message), r'password=\S+', "password=***")
  .token = del(.secret)
'''

[sinks.es]
type = "elasticsearch"
inputs = ["mask"]
endpoints = ["https://es.example.net:9200"]
auth.strategy = "basic"
auth.user = "vector"
auth.password = "Ptarmigan \"white\" 3"
bulk.index = "vector-{{ host }}-%Y.%m.%d"

[sinks.dd]
type = "datadog_logs"
default_api_key = "da765c8e51cdebdb9348d4ced5372f5e"
site = "datadoghq.eu"

[sinks.loki]
type = "loki"
endpoint = "https://logs-prod.example.net"
auth = { strategy = "basic", user = "123456", password = "glc_oWfUXLHlA7a3XXBvX02gMwg722QEcRgNTWHooyHiU8FNC0KKskOQyHiW17d0jQ6I4McCBlb1stGEoC1W" }
labels = { host = "{{ host }}", token_source = "kubernetes" }

[sinks.http]
uri = "((key "vector/uri"))"
request.headers.Authorization = "Splunk 3a166445-8ba9-4b18-97f5-26e87b99a985"
tls.key_file = "/secrets/client.key"
EOH
      }
    }
  }
}
