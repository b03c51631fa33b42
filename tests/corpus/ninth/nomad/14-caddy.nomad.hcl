job "caddy" {
  group "caddy" {
    network {
      port "https" { static = 443 }
    }
    task "caddy" {
      driver = "docker"
      config {
        image = "registry.example.net/caddy-dns:2.8"
        ports = ["https"]
      }
      template {
        destination   = "local/Caddyfile"
        change_mode   = "signal"
        change_signal = "SIGUSR1"
        data          = <<EOF
{
	email ops@example.net
	acme_ca https://acme-v02.api.letsencrypt.org/directory
	acme_eab {
		key_id QStzQd_s7_sXostvCY-5B1
		mac_key YQrtjRXotG75zFEOon7yHhSuqm0z96hvf9tH7dHQKEX
	}
}

wiki.example.net {
	tls {
		dns cloudflare 1ht-nzo_b5x42KPeOGrqnNFkHm5suPfLimXBHGft
	}
	basic_auth {
		anna $2a$14$ANidsUqUYevG/QvJSG297uDsks9EsbZ65j5CMeJ.7XorXg/IE4Ax3
		milo $2a$14$K7Qd8kyOdZPK8Hh3evfMjwV.G3M1iv4N9y5DFwnKVB7C1yUiUbed3
	}
	header {
		Strict-Transport-Security max-age=31536000
		-X-Api-Key
	}
	reverse_proxy wiki.service.consul:3000 {
		header_up Authorization "Basic cHJveHk6VWZlcndlZy00MA=="
		header_up X-Real-IP {remote_host}
	}
}

api.example.net {
	tls /secrets/api.crt /secrets/api.key
	@notoken not header X-Token *
	respond @notoken "token required" 401
	reverse_proxy api.service.consul:8080
}
EOF
      }
    }
  }
}
