job "docs" {
  group "docs" {
    task "nginx" {
      driver = "docker"
      config { image = "nginx:1.27-alpine" }
      template {
        destination = "local/readme.md"
        data        = <<EOF
# Logging in
Call the API with `Authorization: Bearer <token>`, where the token comes from POST /login.
Passwords must have 12 characters; a password: like this is not accepted.
    aws configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE
    aws configure set aws_secret_access_key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
    psql postgres://user:password@localhost:5432/db
    curl -H "X-Api-Key: $API_KEY" https://api.example.net
    export TOKEN=$(vault print token)
    export PASSWORD=...
EOF
      }
      template {
        destination = "local/robots.txt"
        data        = "User-agent: *\nDisallow: /secret-area/\n"
      }
    }
  }
}
