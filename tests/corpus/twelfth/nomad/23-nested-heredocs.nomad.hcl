job "bootstrap" {
  type = "batch"

  group "init" {
    task "init" {
      driver = "docker"

      config {
        image   = "registry.tidepool.example/tools:3"
        command = "/bin/bash"
        args    = ["/local/init.sh"]
      }

      template {
        destination = "local/init.sh"
        perms       = "755"
        data        = <<-SCRIPT
          #!/bin/bash
          set -euo pipefail
          cat > /home/.pgpass <<EOF
          db.tidepool.example:5432:*:tidepool:Anemone_31_Reef
          EOF
          cat > ~/.netrc <<'NETRC'
          machine artifacts.tidepool.example
            login bot
            password urchin-spine-64
          NETRC
          export PGPASSFILE=/home/.pgpass
          TOKEN=$(cat /secrets/token)
          curl -H "Authorization: Bearer $TOKEN" https://api.tidepool.example/init
          curl -u "seed:barnacle99" https://seed.tidepool.example/load
          cat <<YAML | tidectl apply -f -
          kind: Login
          spec:
            user: reader
            password: "Limpet&Whelk5"
            secretRef: reader-login
          YAML
        SCRIPT
      }
    }
  }
}
