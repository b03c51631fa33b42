job "reports" {
  datacenters = ["dc1"]
  type        = "batch"

  parameterized {
    payload       = "optional"
    meta_required = ["month"]
  }

  group "run" {
    task "render" {
      driver = "exec"

      config {
        command = "local/bin/render"
        args    = ["--month", "${NOMAD_META_month}", "--license-key", "RPT4-QT30B-YSYYH-H9RMW-92VLP"]
      }

      artifact {
        source      = "git::https://oauth2:glpat-v2x-IZw1NMDYy7mQpnOs@gitlab.com/kestrelworks/reports.git"
        destination = "local/repo"
        options {
          ref = "a0fbd0a3cb4d48c4bf62630f0bff3c0cf84fc09b"
        }
      }

      artifact {
        source      = "git::ssh://git@git.kestrelworks.net:2222/ops/templates.git"
        destination = "local/templates"
        options {
          sshkey = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNCbGJuTnphQzFyWlhrdGRqRUFBQUFBQkc1dmJtVUFBQUFFYm05dVpRQUFBQUFBQUFBQkFBQUFNd0FBQUF0emMyZ3QKWldReU5UVXhPUUFBQUNCcTBmV2xOM3VENndKbTJyUXlYa1Q4c1ZoN2JHelBjRTRhTGk1b1l0Um5LdwotLS0tLUVORCBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K"
          depth  = "1"
        }
      }

      artifact {
        source      = "https://nexus.kestrelworks.net/repository/raw/render-${attr.cpu.arch}.tar.gz"
        destination = "local/bin"
        headers {
          Authorization = "Basic bm9tYWQtZGw6cm9wZTctYW5jaG9yLW1pc3Q="
        }
        options {
          checksum = "sha256:fe6cd4ab3361904614980a8ca119b2274b5e2868e68fd367f28f23e1cf791e5c"
        }
      }

      artifact {
        source      = "s3::https://s3.eu-central-1.amazonaws.com/kw-artifacts/fonts.zip"
        destination = "local/fonts"
        options {
          aws_access_key_id     = "AKIA6D5R6UWKIAE4ZLO2"
          aws_access_key_secret = "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"
          region                = "eu-central-1"
        }
      }

      artifact {
        source      = "https://artifacts.elastic.co/downloads/beats/filebeat/filebeat-8.15.2-linux-x86_64.tar.gz"
        destination = "local/filebeat"
        options {
          checksum = "file:https://artifacts.elastic.co/downloads/beats/filebeat/filebeat-8.15.2-linux-x86_64.tar.gz.sha512"
        }
      }

      env {
        SIGNING_CERT_SHA1 = "31dcd6facc1ebeb1104454f38e090fe21b58d739"
      }
    }
  }
}
