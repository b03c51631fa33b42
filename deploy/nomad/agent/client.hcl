# Part of the configuration of Nomad's clients.
vault {
  enabled               = true
  address               = "https://strongroom.example.com:8200"
  ca_file               = "/etc/nomad.d/strongroom-ca.pem"
  jwt_auth_backend_path = "jwt-nomad"
}

client {
  # The secret plugin is a link in its folder `secrets`: /opt/nomad/plugins/common/secrets/strongroom.
  common_plugin_dir = "/opt/nomad/plugins/common"

  # For the job that runs the server itself, on the one node that keeps its store.
  host_volume "strongroom-data" {
    path = "/opt/strongroom/data"
  }

  host_volume "strongroom-keys" {
    path      = "/opt/strongroom/keys"
    read_only = true
  }
}
