job "archive" {
  group "archive" {
    task "web" {
      driver = "docker"
      config {
        image = "registry.bindery.example/archive:3"
        args  = ["--elastic-user", "elastic:buckram-Spine-2", "--listen", "0.0.0.0:8080"]
      }
      env {
        DB_PASSWORD    = "marmalade"
        FTP_PASS       = "correct horse battery"
        BASIC_AUTH     = "reader:vellum"
        SOLR_AUTH      = "solr:SolrRocks"
        ADMIN_PIN      = "7391"
        UPSTREAM       = "archive.bindery.example:8983"
        IMAGE_PAIR     = "bindery/token:latest"
        LOGIN_MODE     = "password"
        TOKEN_TYPE     = "bearer"
      }
    }

    task "smoke" {
      driver = "exec"
      config {
        command = "/usr/bin/curl"
        args    = ["-sf", "--user", "librarian:gilt-Edge-60", "http://127.0.0.1:8080/ping"]
      }
    }

    task "share" {
      driver = "exec"
      config {
        command = "/usr/bin/smbclient"
        args    = ["//nas.bindery.example/plates", "-U", "BINDERY\\scan%quarto", "-c", "ls"]
      }
    }
  }
}
