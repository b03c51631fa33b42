job "rabbitmq" {
  group "mq" {
    task "rabbitmq" {
      driver = "docker"
      config {
        image    = "rabbitmq:3.13-management"
        hostname = "rabbit1"
      }
      env {
        RABBITMQ_DEFAULT_USER     = "guest"
        RABBITMQ_DEFAULT_PASS     = "guest"
        RABBITMQ_ERLANG_COOKIE    = "F1AAF264CF47D69DFA5BC70B544D755A"
        RABBITMQ_CONFIG_FILE      = "/local/rabbitmq.conf"
        RABBITMQ_PID_FILE         = "/tmp/rabbit.pid"
      }
      template {
        destination = "local/definitions.json"
        data        = <<JSON
{
  "users": [
    {
      "name": "orders",
      "password_hash": "sp8XH2tZqlG0FJKipOH54GG27F+iSwjolZijIinV65m1Jh0v",
      "hashing_algorithm": "rabbit_password_hashing_sha256",
      "tags": []
    },
    { "name": "mailer", "password": "Umschlag_C4", "tags": ["monitoring"] }
  ],
  "parameters": [
    {
      "component": "shovel", "vhost": "/", "name": "to-dr",
      "value": { "src-uri": "amqp://", "dest-uri": "amqps://shovel:Spaten-Stiel-8@mq.dr.example.net" }
    }
  ],
  "queues": [
    { "name": "password.reset", "vhost": "/", "durable": true, "arguments": { "x-dead-letter-routing-key": "password.reset.dead" } }
  ]
}
JSON
      }
      template {
        destination = "local/advanced.config"
        data        = <<EOF
[
  {rabbit, [
    {auth_mechanisms, ['PLAIN', 'AMQPLAIN']},
    {ssl_options, [{keyfile, "/secrets/mq.key"},
                   {password, "Pfefferminz11"}]}
  ]},
  {rabbitmq_auth_backend_ldap, [
    {other_bind, {"cn=rabbit,dc=example,dc=net", "Hase-und-Igel"}},
    {password_attribute, "userPassword"}
  ]}
].
EOF
      }
    }
  }
}
