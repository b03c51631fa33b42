source "amazon-ebs" "web" {
  access_key       = "AKIAESYPAODJNETODPX5"
  secret_key       = "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"
  region           = "eu-central-1"
  instance_type    = "t3.micro"
  ami_name         = "web-{{timestamp}}"
  ssh_username     = "admin"
  ssh_keypair_name = "packer-build"
  kms_key_id       = "alias/ami-key"
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "echo '//registry.npmjs.org/:_authToken=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' > ~/.npmrc",
      "npm ci --omit=dev",
      "rm ~/.npmrc",
    ]
  }

  post-processor "docker-push" {
    login          = true
    login_server   = "registry.tilehouse.example"
    login_username = "packer"
    login_password = "Slate+Lath+58"
  }
}
