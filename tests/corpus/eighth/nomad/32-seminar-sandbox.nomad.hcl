# Środowisko na zajęcia; to NIE jest produkcja
job "sandbox" {
  datacenters = ["lab204"]

  group "db" {
    task "mongo" {
      driver = "docker"
      config {
        image = "mongo:7"
        args  = ["--keyFile", "/secrets/keyfile"]
      }
      env {
        MONGO_INITDB_ROOT_USERNAME = "root"
        MONGO_INITDB_ROOT_PASSWORD = "example"
      }
    }

    task "rabbit" {
      driver = "docker"
      config {
        image = "rabbitmq:3.13-management"
      }
      env {
        RABBITMQ_DEFAULT_USER  = "guest"
        RABBITMQ_DEFAULT_PASS  = "guest"
        RABBITMQ_ERLANG_COOKIE = "A8H2N4E3GM7JV5QMLNUG"
      }
    }

    task "minio" {
      driver = "exec"
      config {
        command = "/usr/local/bin/mc"
        args    = ["alias", "set", "lab", "http://localhost:9000", "minioadmin", "minioadmin"]
      }
      env {
        STUDENT_DB_PASSWORD  = "wpisz-tutaj-haslo-z-kartki"
        STUDENT_GITHUB_TOKEN = "<twój-token>"
        OPENAI_API_KEY       = "sk-****************"
        GROUP_SECRET         = "{{ vault_group_secret }}"
        AWS_ACCESS_KEY_ID    = "AKIAIOSFODNN7EXAMPLE"
        AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        LAB_WIFI_PSK         = "lab204lab204"
        GRADER_URL           = "http://grader:ocena5@10.20.4.4:5000/submit"
      }
    }
  }
}
