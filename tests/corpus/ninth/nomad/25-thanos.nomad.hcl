job "thanos" {
  group "thanos" {
    task "sidecar" {
      driver = "docker"
      config {
        image = "quay.io/thanos/thanos:v0.36.1"
        args = [
          "sidecar",
          "--prometheus.url=http://127.0.0.1:9090",
          "--objstore.config={type: S3, config: {bucket: metrics, endpoint: s3.example.net, access_key: I013UXYPQLRWO4QEXR0R, secret_key: aURJqbsZoDGCz6THwtOHZsjkA8QqHweQ6xTGZbvp}}",
          "--grpc-server-tls-key=/secrets/grpc.key",
        ]
      }
    }

    task "store" {
      driver = "docker"
      config {
        image = "quay.io/thanos/thanos:v0.36.1"
        args  = ["store", "--objstore.config-file=/secrets/bucket.yml"]
      }
      template {
        destination = "secrets/bucket.yml"
        data        = <<EOF
type: S3
config:
  bucket: metrics
  endpoint: s3.example.net
  access_key: "I013UXYPQLRWO4QEXR0R"
  secret_key: "aURJqbsZoDGCz6THwtOHZsjkA8QqHweQ6xTGZbvp"
  signature_version2: false
  sse_config:
    type: SSE-KMS
    kms_key_id: "arn:aws:kms:eu-central-1:917697327292:key/9122e2bd-90b2-41b0-a681-a3113ef86ba4"
EOF
      }
    }

    task "compact" {
      driver = "docker"
      config {
        image = "quay.io/thanos/thanos:v0.36.1"
        args  = ["compact", "--wait", "--objstore.config=$(OBJSTORE)"]
      }
      template {
        destination = "secrets/azure.yml"
        data        = <<EOF
type: AZURE
config:
  storage_account: "exmetrics"
  storage_account_key: "LCuhxe2/L1EoYiX/0+9j6rqUZfaK1qa7Z3cJmU90EXPJfbrEIDnCACAkRrRQT6YZRY+Gr12l9TRF8umS/ipXGi=="
  container: "metrics"
  msi_resource: "https://vault.azure.net"
  user_assigned_id: "86c875f1-6304-4de8-bbd0-abb4964f1cf6"
EOF
      }
    }
  }
}
