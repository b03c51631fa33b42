variables {
  replicas = 2
  region   = "ap-south-1"
}

locals {
  tenants = {
    lotus = { db = "lotus", pass = "Kamal@108", queue = "lotus-jobs" }
    banyan = { db = "banyan", pass = "vatVriksh_77", queue = "banyan-jobs" }
    neem   = { db = "neem", pass = "${file("secrets/neem.txt")}", queue = "neem-jobs" }
  }
}

job "workers" {
  datacenters = ["blr"]

  dynamic "group" {
    for_each = local.tenants
    iterator = t
    labels   = ["worker-${t.key}"]

    content {
      count = var.replicas

      task "worker" {
        driver = "docker"
        config {
          image = "registry.mangofin.in/worker:3.3"
          args  = ["--queue", t.value.queue, "--password-stdin", "--key-file=/secrets/worker.key"]
        }
        env {
          DB_NAME     = t.value.db
          DB_PASSWORD = t.value.pass
          RAZORPAY_KEY_ID     = "rzp_live_JOq2wPgH5S5Cv0"
          RAZORPAY_KEY_SECRET = "7pY4SIpt4tYn5RtExmm0gRmN"
          MSG91_AUTHKEY       = "452626ABshEH19UNAdowIcRgDP1"
          SQS_QUEUE_URL       = "https://sqs.ap-south-1.amazonaws.com/891198284566/${t.value.queue}"
          KMS_KEY_ARN         = "arn:aws:kms:ap-south-1:944945914319:key/8db2823c-cd71-4ba8-8f4d-ee6a63c59620"
          FEATURES = jsonencode({
            otp_login      = true
            otp_secret     = "4MMQMSBBEWN2AQWKUWTGCLW2B5GVGJX6"
            password_login = false
          })
        }
        template {
          destination = "secrets/gst.properties"
          data        = <<EOT
gst.username=MANGOFIN_API
gst.password=Gst$2Filing
gst.client.secret.header=client-secret
gst.app.key.rotation=6h
EOT
        }
      }
    }
  }
}
