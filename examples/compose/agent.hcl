# What the service `secrets` of compose.yaml does. Where the server is, the environment says.
auto_auth {
  method "approle" {
    config = {
      role_id_file_path                   = "/credentials/role-id"
      secret_id_file_path                 = "/credentials/secret-id"
      remove_secret_id_file_after_reading = false
    }
  }
}

template_config {
  static_secret_render_interval = "5s"
}

# libpq takes no password file that others than its owner can read.
template {
  contents    = "{{ with secret \"secret/data/shop/db\" }}*:*:*:{{ .Data.data.user }}:{{ .Data.data.password }}{{ end }}\n"
  destination = "/run/secrets/pgpass"
  perms       = "0600"
}

# PostgreSQL's image runs as a user of its own. Only the containers of this project see the volume.
template {
  contents    = "{{ with secret \"secret/data/shop/db\" }}{{ .Data.data.password }}{{ end }}"
  destination = "/run/secrets/password"
  perms       = "0444"
}
