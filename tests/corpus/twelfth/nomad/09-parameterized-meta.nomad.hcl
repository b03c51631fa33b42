job "transcode" {
  type = "batch"

  parameterized {
    payload       = "required"
    meta_required = ["upload_token"]
    meta_optional = ["bitrate"]
  }

  meta {
    callback_token = "afca542d42ac0ae8b29aa03ad7861d460793140b"
    team           = "studio"
    cost_key       = "KST-4410"
  }

  group "ffmpeg" {
    meta {
      ftp_password = "Lumen-Bobbin-15"
      bitrate      = "4M"
    }

    task "ffmpeg" {
      driver = "docker"

      dispatch_payload {
        file = "job.json"
      }

      config {
        image = "registry.reelhouse.example/ffmpeg:6.1"
        args  = ["/local/run.sh", "--token", "${NOMAD_META_upload_token}"]
      }

      env {
        CALLBACK_TOKEN = "${NOMAD_META_callback_token}"
        FTP_USER       = "reelhouse"
        FTP_PASSWORD   = "${NOMAD_META_ftp_password}"
        CDN_PURGE_TOKEN = "2b65d322-bf54-45fa-b354-9e310f117a09"
      }
    }
  }
}
