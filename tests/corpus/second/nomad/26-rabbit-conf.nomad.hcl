job "rabbit" {
  group "rabbit" {
    task "rabbit" {
      driver = "docker"
      config {
        image = "rabbitmq:3.13"
      }
      env = {
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS = "-setcookie 746RE0BQOQ91OMFY28VS -kernel inet_dist_listen_min 25672"
      }
      template {
        destination = "local/rabbitmq.conf"
        data        = <<EOF
default_user = root
default_pass = stepladder-in-the-hall
listeners.ssl.default = 5671
ssl_options.keyfile = /secrets/key.pem
ssl_options.password = pem-pass-27
auth_backends.1 = internal
auth_ldap.dn_lookup_bind.password = ldap@night
password_hashing_module = rabbit_password_hashing_sha512
management.load_definitions = /local/defs.json
# default_pass = <generate one>
EOF
      }
      template {
        destination = "local/advanced.config"
        data        = <<EOF
[
  {rabbitmq_shovel, [{shovels, [{orders, [
     {source, [{protocol, amqp091}, {uris, ["amqps://shovel:Coal-Scuttle@mq.example.org"]}]},
     {reconnect_delay, 5}]}]}]},
  {rabbitmq_management, [{http_log_dir, "/tmp"}]},
  {ldap_auth, [{dn_lookup_bind, {"cn=rmq,dc=example", "bell-book-candle"}}]}
].
EOF
      }
    }
    task "users" {
      driver = "raw_exec"
      config {
        command = "bash"
        args    = ["-c", "rabbitmqctl add_user billing 'Two Ronnies 76' && rabbitmqctl set_permissions -p / billing '.*' '.*' '.*' && rabbitmqctl change_password guest '$$econd-guest'"]
      }
    }
  }
}
