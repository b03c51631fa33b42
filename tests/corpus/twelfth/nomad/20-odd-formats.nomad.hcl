job "oddments" {
  group "g" {
    task "one" {
      driver = "docker"
      config { image = "registry.thriftbin.example/one:1" }
      env { TOKEN = "NBQJmF4TZMjJ9efYe3Lrial0KPHGoO2V" }
    }

    task "two" {
      driver = "docker"
      config {
	image="registry.thriftbin.example/two:2"
      }
      env = {
        "DB_PASSWORD"="Jumble3Sale",
        "spring.mail.password" : "rag&Bone-81",
        "token.uri"    = "https://id.thriftbin.example/token",
	"app-secret"   =    "298d23e813a45ca9fa239b0ae3a7e71496af29c35cd3268a"
      }
    }

    task "three" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/env"
        args = ["DB_PASS=Tombola_22x", "TOKEN_FILE=/etc/three/token", "/opt/three/run",
        "--user", "three", "--pass", "bric-a-Brac9"]
      }
      template {
        data = "password: lucky-dip-Q4\nuser: three\ntoken_file: /etc/three/token\n"
        destination = "local/three.yml"
      }
    }
  }
}
