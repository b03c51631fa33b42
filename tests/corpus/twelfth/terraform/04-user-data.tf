resource "hcloud_server" "runner" {
  name        = "runner-1"
  image       = "debian-12"
  server_type = "cpx21"
  ssh_keys    = ["deploy-2024"]

  user_data = <<-EOT
    #cloud-config
    users:
      - name: ops
        passwd: $6$r3aljs8dzRGMO6/4$LOdDhEksqf1aCy4WHWoE5AsrhojvEtga4ytmOBmS/TuNuoGevpUl7IjxXU1BheSY./2nss9Ifidvg.9EVcLSEo
        ssh_authorized_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAImtqjbCn03Wb+k8GGseIeOTYkVB32c+1szA/757mfI0A ops@moorgate
    write_files:
      - path: /etc/gitlab-runner/config.toml
        content: |
          [[runners]]
            url = "https://gitlab.moorgate.example/"
            token = "glrt-tbD3tLbJ7J7zTkA3ZI1a"
            executor = "docker"
    runcmd:
      - echo "thatch-Ridge-40" | docker login -u runner --password-stdin registry.moorgate.example
      - curl -H "X-Token: ${var.join_token}" https://join.moorgate.example/runner
  EOT
}

variable "join_token" {
  type = string
}
