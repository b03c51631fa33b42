variable "hcloud_token" {
  type      = string
  sensitive = true
  default   = env("HCLOUD_TOKEN")
}

variable "do_token" {
  type    = string
  default = "dop_v1_89b7406d2309ba4fc8ef94dd64418a4438b0cb3c6615e497b2980d5321000ed1"
}

source "amazon-ebs" "nomad" {
  access_key           = "AKIAV2WFRGF1QG36R3SA"
  secret_key           = "BoZXdwIzOW3s8vT4n3n7L7eTeUKzXELPutNvdqwX"
  region               = "eu-central-1"
  instance_type        = "t3.small"
  source_ami           = "ami-90bc8134e61c72fb7"
  ssh_username         = "admin"
  ssh_keypair_name     = "packer"
  ssh_private_key_file = "~/.ssh/packer"
}

source "digitalocean" "nomad" {
  api_token    = var.do_token
  image        = "debian-12-x64"
  region       = "fra1"
  size         = "s-1vcpu-1gb"
  ssh_username = "root"
}

build {
  sources = ["source.amazon-ebs.nomad", "source.digitalocean.nomad"]
  provisioner "shell" {
    inline = [
      "echo 'ubuntu:Rohbau-Etage-2' | chpasswd",
      "apt-key adv --recv-keys 64F903B353489E95748F1567B857B5D3D24CA098",
    ]
  }
}
