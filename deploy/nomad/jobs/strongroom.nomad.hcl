# The server itself. It has one store on one node: one instance, and no second one while the first still runs.
#
# What it needs to start lies on the node and not in the job: its store, the key that opens it, its certificate.
# docs/nomad.md says how they are made. It cannot get secrets from itself: this job has no `vault` block.
job "strongroom" {
  type = "service"

  # The node that keeps the store.
  constraint {
    attribute = "${node.unique.name}"
    value     = "keeper-1"
  }

  update {
    max_parallel = 1
  }

  group "strongroom" {
    count = 1

    # The store takes one server; a node that is away for a while does not lose its own.
    disconnect {
      replace = false
    }

    restart {
      attempts = 5
      interval = "10m"
      delay    = "15s"
      mode     = "delay"
    }

    network {
      mode = "host"

      port "api" {
        static = 8200
      }
    }

    volume "data" {
      type   = "host"
      source = "strongroom-data"
    }

    volume "keys" {
      type      = "host"
      source    = "strongroom-keys"
      read_only = true
    }

    service {
      name     = "strongroom"
      port     = "api"
      provider = "nomad"

      # Sealed or not made yet is not unhealthy: an operator has to get at it then.
      check {
        type            = "http"
        protocol        = "https"
        tls_skip_verify = true
        path            = "/v1/sys/health?standbyok=true&sealedcode=200&uninitcode=200"
        interval        = "10s"
        timeout         = "3s"
      }
    }

    task "server" {
      driver       = "docker"
      user         = "100:1000"
      kill_timeout = "30s"

      config {
        image           = "strongroom/strongroom:0.1.0"
        args            = ["server", "-config=${NOMAD_TASK_DIR}/strongroom.hcl"]
        network_mode    = "host"
        readonly_rootfs = true
        cap_drop        = ["all"]

        # Keys lie in memory that is not swapped.
        ulimit {
          memlock = "67108864:67108864"
        }
      }

      volume_mount {
        volume      = "data"
        destination = "/strongroom/data"
      }

      volume_mount {
        volume      = "keys"
        destination = "/strongroom/keys"
        read_only   = true
      }

      template {
        destination = "${NOMAD_TASK_DIR}/strongroom.hcl"
        change_mode = "noop"
        data        = <<EOT
storage "sqlite" { path = "/strongroom/data" }

listener "tcp" {
  address       = "0.0.0.0:8200"
  tls_cert_file = "/strongroom/keys/server.pem"
  tls_key_file  = "/strongroom/keys/server-key.pem"
}

seal "keyfile" { path = "/strongroom/keys/unseal.key" }
EOT
      }

      resources {
        cpu    = 500
        memory = 256
      }
    }
  }
}
