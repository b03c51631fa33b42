job "field-probe" {
  type = "system"

  group "probe" {
    task "probe" {
      driver = "exec"

      artifact {
        source = "https://gitlab.fenline.example/api/v4/projects/77/packages/generic/probe/1.4.0/probe.tar.gz"
        headers {
          PRIVATE-TOKEN = "glpat-V11JqPF-MH82n9_2f8zQ"
        }
        options {
          checksum = "sha256:60ea57f8264505fd7dd55bfa5e50378d9eaed2033146103dce0ec15b16c388c6"
        }
      }

      artifact {
        source      = "https://fetch:M0orhen-Dyke@files.fenline.example/models/soil.onnx"
        destination = "local/models"
      }

      artifact {
        source      = "git::ssh://git@gitlab.fenline.example/probe/rules.git"
        destination = "local/rules"
        options {
          ref    = "c6a7356fe653124dcb3cfd1748fe3a9067d421c0"
          sshkey = "${base64encode(file(pathexpand("~/.ssh/id_deploy")))}"
        }
      }

      artifact {
        source = "s3::https://s3.eu-north-1.amazonaws.com/fenline-probe/maps.tar.gz"
        options {
          aws_access_key_id     = "AKIARTOJCA46CWGALR7L"
          aws_access_key_secret = "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"
        }
      }

      config {
        command = "local/probe"
        args    = ["--key", "${NOMAD_SECRETS_DIR}/probe.key", "--models", "local/models"]
      }
    }
  }
}
