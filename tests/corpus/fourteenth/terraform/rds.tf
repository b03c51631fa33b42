variable "replica_password" {
  type    = string
  default = "Hoogwater-9-feb"
}

resource "random_password" "ship" {
  length           = 32
  override_special = "!#-_"
}

module "ship_db" {
  source  = "terraform-aws-modules/rds/aws"
  version = "6.5.2"

  identifier                  = "ship"
  username                    = "ship"
  password                    = random_password.ship.result
  manage_master_user_password = false
  kms_key_id                  = aws_kms_key.rds.arn
}

resource "aws_db_instance" "bi" {
  identifier = "bi"
  engine     = "sqlserver-se"
  username   = "biadmin"
  password   = "PowerBI!Rapport2022"
}

resource "aws_instance" "jump" {
  ami      = "ami-0c1f7b3b5b2c3d4e5"
  key_name = "thv-ops-2022"

  user_data = <<-EOF
    #!/bin/bash
    echo 'ops:Klim-Op-123x' | chpasswd
    echo "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB/rspaeYkIUrUxf4kNQzoRaznApe/iAa/BBHjyoP6LOXgJIqkA4/9lpIgSPz8Z0lSyrSrpJoPdQ6LhWEQTQHTX/lC6Y/goqNKw8zfQnSrbjC9tTnvjPup55vk1PMEzrJWsy/HfVWEoo2K8titsYOqlkbZ19HGtILGxxth+dRiF2wEZx8+iBJT ops@thv" >> /home/ops/.ssh/authorized_keys
    mount -t cifs //thv-fs01/it /mnt -o username=svc-tf,password=7JzhFeE4270drY
  EOF
}

resource "aws_ssm_parameter" "smtp" {
  name  = "/ship/prod/smtp_password"
  type  = "SecureString"
  value = "BgIk5EXNfU0z4nUwCt1OyveauGhgW+T/9jfQ0Cg3UUT1"
}
