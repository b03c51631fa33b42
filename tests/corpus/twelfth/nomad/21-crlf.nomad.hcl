job "till" {
  datacenters = ["shop1"]

  group "pos" {
    task "pos" {
      driver = "docker"

      config {
        image = "registry.cornertill.example/pos:2.9"
      }

      env {
        ConnectionStrings__Till = "Server=sql01.cornertill.example;Database=Till;User Id=till;Password=Penny4Drop$Box;TrustServerCertificate=True"
        Jwt__SigningKey         = "k/P3qNZXdX+siQ262VNtNFY1aoKGdQNLk+Uv7sdvFpM="
        Jwt__Issuer             = "https://till.cornertill.example"
        Smtp__Password          = "Receipt#Roll80"
        Terminal__KeyVersion    = "3"
      }

      template {
        destination = "local/printer.ini"
        data        = <<EOF
[printer]
host = 192.168.20.14
password = 0000-thermal
[cloud]
token_cache = C:\ProgramData\Till\token.bin
EOF
      }
    }
  }
}
