resource "nomad_variable" "shop" {
  path = "nomad/jobs/shop"
  items = {
    db_password = "orbit-Lemon-tray"
    smtp_user   = "shop"
    license     = var.license_key
  }
}

resource "nomad_job" "shop" {
  jobspec = file("${path.module}/shop.nomad.hcl")
  hcl2 {
    vars = {
      image_tag       = "2024.38"
      session_secret  = "06ead02292faba3e56058d9f78f8d7eb814272785f4ebe5e09013cd90362ac5e"
      secret_key_name = "shop/signing"
    }
  }
}

resource "vault_kv_secret_v2" "mailer" {
  mount     = "kv"
  name      = "mailer"
  data_json = <<EOT
{"username": "mailer", "password": "rVmlgYbnjO1rnx2zTA90"}
EOT
}

resource "vault_approle_auth_backend_role" "ci" {
  backend            = "approle"
  role_name          = "ci"
  token_policies     = ["ci", "deploy"]
  token_ttl          = 1200
  secret_id_num_uses = 0
}

resource "hcloud_server" "edge" {
  name        = "edge-1"
  image       = "debian-12"
  server_type = "cx22"
  ssh_keys    = ["ops-2024"]
  user_data   = <<-CLOUD
    #cloud-config
    chpasswd:
      expire: false
      users:
        - {name: rescue, password: Feuerleiter3, type: text}
    users:
      - name: ops
        lock_passwd: false
        passwd: $6$C1/coVJ0f6LZFIss$NardgiVInGQjdi1FkV4LS.DNJzfP/0H7kK8Q7D1PuwZRLdm901.DAly26hmLkOFSlyDCuN8xCcRhN1DaUepq02
        ssh_authorized_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIeB4zwLCHMvNIs/SoeOZ/RgiHEL0HkKUcsXJw+T8ESjt ops@moorhen
    write_files:
      - path: /etc/consul.d/token.env
        permissions: "0600"
        content: CONSUL_HTTP_TOKEN=947c9001-80e0-4c6c-8d4d-eaec896506d8
    runcmd:
      - curl -fsSL https://tailscale.com/install.sh | sh
      - tailscale up --auth-key ${var.tailscale_key}
  CLOUD
}
