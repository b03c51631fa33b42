datacenter = "wydzial"
server     = true
encrypt    = "u9miifajH9zQqjElFOcwKwtcEUfPyFzouu/7efrivQA="
encrypt_verify_incoming = true

acl {
  enabled        = true
  default_policy = "deny"
  down_policy    = "extend-cache"
  tokens {
    initial_management = "b6238491-8233-415b-ad04-e9461d40c8cb"
    agent              = "080ea81c-ff77-4386-b7b2-063ceba37f14"
    # dns              = "cb4be450-fa20-4436-860b-6fc035fdf241"
  }
}

node_id = "55cb1da0-3afe-42fd-b938-e6b9ee838d92"

tls {
  defaults {
    ca_file   = "/etc/consul.d/ca.pem"
    key_file  = "/etc/consul.d/key.pem"
    verify_incoming = true
  }
}

connect {
  enabled     = true
  ca_provider = "vault"
  ca_config {
    address       = "https://vault.kis.example:8200"
    token         = "hvs.CAESIteQotySIn2lj1pR3cZv3QPlbDmdFOjmxBFtYomQqa5Bxo-_rEy2RLXWT6-aNY5d_gcfpZr8jvJhHK9DXvW52lM3l"
    root_pki_path = "connect-root"
  }
}

service {
  name = "usos-bridge"
  port = 7070
  meta {
    auth_scheme = "basic"
  }
  check {
    id    = "mysql"
    args  = ["/usr/lib/nagios/plugins/check_mysql", "-u", "nagios", "-p", "Nagios_Kis", "-H", "db.kis.example"]
    interval = "60s"
  }
}
