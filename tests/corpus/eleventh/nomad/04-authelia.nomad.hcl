job "authelia" {
  group "authelia" {
    task "authelia" {
      driver = "docker"
      config {
        image   = "authelia/authelia:4.38"
        volumes = ["local/configuration.yml:/config/configuration.yml", "local/users.yml:/config/users.yml"]
      }
      template {
        destination = "local/configuration.yml"
        data        = <<-EOF
          theme: dark
          identity_validation:
            reset_password:
              jwt_secret: 56ehUGManB7QIsxBCMJOArSUuWPnfGfulH2gnQtMsh4bBYoa0hnKiN3oioNhN2in
              jwt_lifespan: 5 minutes
          session:
            name: authelia_session
            secret: 'l2IO6vozW5LUmU57MNxM4GI4PIuFQYGb18aiytIMZorzBGMk'
            expiration: 1h
            redis:
              host: redis.service.consul
              password: anchovy-pizza-9
          storage:
            encryption_key: bb3a62f301f46536559314e23acedbd6b0165debbc6530a2c6a8835c4abd5c65
            postgres:
              address: tcp://pg.service.consul:5432
              username: authelia
              password: "{{ with secret "kv/data/authelia" }}{{ .Data.data.db_password }}{{ end }}"
          authentication_backend:
            password_reset:
              disable: true
            file:
              path: /config/users.yml
              password:
                algorithm: argon2id
                salt_length: 16
          regulation:
            max_retries: 3
            ban_time: 5m
          EOF
      }
      template {
        destination = "local/users.yml"
        data        = <<-EOF
          users:
            marta:
              displayname: Marta K.
              password: "$argon2id$v=19$m=65536,t=3,p=4$Jrm8MBtGdimrbzXJx/bPyC$ONeg4zGZwBMhgjr1M4JFxUx8V/H2/1kznuk9iklDBfF"
              email: marta@example.org
            pavel:
              displayname: Pavel
              password: "$6$rounds=50000$SyvEmwEmHa07edDK$5QdMEz4NYErRNs2Pz4fzsPjOc7MlrhgWhcWdXDF/gf0BCLahHJSct77rYpp9PHN3Z20fvRtRnjV0tK5nII185k"
              groups: ["token-admins"]
          EOF
      }
    }
  }
}
