job "housekeeping" {
  type = "sysbatch"

  group "gc" {
    task "nomad-gc" {
      driver = "raw_exec"
      config {
        command = "/bin/bash"
        args    = ["-c", "NOMAD_TOKEN=5c07aa3c-2897-46ec-9f7e-8a100ca4aeee nomad system gc"]
      }
    }

    task "consul-snapshot" {
      driver = "raw_exec"
      config {
        command = "/usr/bin/consul"
        args    = ["snapshot", "save", "-token=02a2ece8-9095-4fd7-90a6-65b9de527c14", "-datacenter", "dc1", "/var/backups/consul.snap"]
      }
    }

    task "do-snapshot" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args = ["-c", <<EOF
curl -fsS -X POST \
  -H "Authorization: Bearer dop_v1_5455f9b82cf371470f2aaedd6ee14514d03442b166217388a1c8028eee1bc28f" \
  -H "X-Request-Id: f0ba6bb6-54e6-45f3-b663-b9b1543f21d1" \
  "https://api.digitalocean.com/v2/droplets/41188273/actions"
vault token renew -accessor "$ACCESSOR"
sshpass -p 'cellar-Door-518' rsync -a /var/backups/ backup@nas.hearthstead.example:/nomad/
sshpass -f /home/.nas-pass ssh backup@nas.hearthstead.example true
EOF
        ]
      }
      env {
        VAULT_TOKEN = "hvs.uh6800ErU96P7QvZKfj1A0YV"
        VAULT_ADDR  = "https://vault.hearthstead.example:8200"
        ACCESSOR    = "InDMBJWcPpLy9xO4fY05NaYm"
      }
    }
  }
}
