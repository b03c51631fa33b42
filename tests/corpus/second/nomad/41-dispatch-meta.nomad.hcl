job "transcode" {
  type = "batch"
  parameterized {
    meta_required = ["input", "callback_token"]
    meta_optional = ["sftp_password"]
  }
  meta = {
    "owner"         = "media"
    "ftp_password"  = "reel.to.reel"
    "ftp_url"       = "ftp://media:reel.to.reel@ftp.example.org/incoming"
    "cost_center"   = "7781-token-ring"
  }
  group "ffmpeg" {
    meta = {
      api_key   = "762ef938f1af8d54ede6e3b3d037cd96"
      git_rev   = "9141fe31ad2f0e0ad876dd715a7f0b028ef28e96"
      key_count = "3"
    }
    task "ffmpeg" {
      driver = "docker"
      config {
        image = "registry.example.net/ffmpeg:7"
        args  = ["--callback-token", "${NOMAD_META_callback_token}", "--in", "${NOMAD_META_input}"]
      }
      env {
        FTP_PASSWORD = "${NOMAD_META_ftp_password}"
      }
    }
  }
}
