job "build-farm" {
  datacenters = ["hq"]
  type        = "sysbatch"

  periodic {
    crons            = ["0 2 * * *"]
    prohibit_overlap = true
  }

  constraint {
    attribute = "${meta.signing_token_present}"
    value     = "true"
  }

  group "cook" {
    task "cook" {
      driver = "raw_exec"

      artifact {
        source      = "git::https://oauth2:glpat-Az1bp_MVLHlsFSb3Ydp3@gitlab.brackenfall.example/engine/tools.git"
        destination = "local/tools"
        options {
          ref = "d6ca548ccc3b5519a96c17b4a2d97903d27f678e"
        }
      }

      artifact {
        source      = "https://artifactory.brackenfall.example/artifactory/ue-cache/ddc-5.4.tar.zst"
        destination = "local/ddc"
        headers {
          X-JFrog-Art-Api = "AKCp8HYR2QhWE9k1NaRkO0kmksIWJ9kop1ErCzGSlICqQ1VWGIsk99pYh1YL9XKYMJqnMS7EZ"
          X-Checksum-Sha1 = "756e075c00c77474fd8294362724b9ed5b266478"
        }
        options {
          checksum = "sha256:c0a52471bebe8c4d02f6a8b6895965afb91ebf15b22a5f2600c66b4e4478c57d"
        }
      }

      artifact {
        source = "s3::https://s3.eu-central-1.amazonaws.com/bf-tools/signtool.zip?aws_access_key_id=AKIA3KTBJ5KYPNL5KTTY&aws_access_key_secret=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"
      }

      config {
        command = "powershell.exe"
        args = [
          "-NoProfile",
          "-Command",
          "& local\\tools\\cook.ps1 -Platform Win64 -CertPath C:\\certs\\bf-code.pfx -CertPassword 'Br4cken#Sign' -P4Passwd 99B0B206C5CF87264CFAC65003EB4C9A",
        ]
      }

      env {
        P4USER        = "buildbot"
        P4TICKETS     = "C:\\Users\\build\\p4tickets.txt"
        UE_DDC_KEY    = "DDC_SHADER_V9"
        CI_JOB_SECRET_SCAN = "disabled"
      }
    }
  }
}
