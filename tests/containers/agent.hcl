# What both agents of the pod read; Names with a dollar are filled in by the test.
exit_after_auth = $once

vault {
  address = "http://127.0.0.1:$server"
}

auto_auth {
  method "approle" {
    config = {
      role_id_file_path                   = "/agent/role-id"
      secret_id_file_path                 = "/agent/secret-id"
      remove_secret_id_file_after_reading = false
    }
  }
  sink "file" {
    config = {
      path = "/agent/token-$name"
    }
  }
}

template_config {
  static_secret_render_interval = "1s"
}

template {
  contents    = "{{ with secret \"secret/data/shop/db\" }}*:*:*:{{ .Data.data.user }}:{{ .Data.data.password }}{{ end }}\n"
  destination = "$destination"
  perms       = "0600"
}
