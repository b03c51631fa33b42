variable "sql_admin_password" {
  type    = string
  default = "Chirurgie+2ème"
}

variable "vpn_psk" {
  description = "clé partagée avec la clinique Sud, donnée par téléphone"
  type        = string
  sensitive   = true
}

resource "azurerm_windows_virtual_machine" "rds" {
  name                = "vm-rds-01"
  location            = "francecentral"
  resource_group_name = "rg-dsi"
  size                = "Standard_D4s_v5"
  admin_username      = "adm-dsi"
  admin_password      = "Adm-Dsi!4412"
}

resource "azurerm_linux_virtual_machine" "relay" {
  name                            = "vm-relay"
  disable_password_authentication = true
  admin_ssh_key {
    username   = "dsi"
    public_key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQgDu33xxQvUtNIGBk9lBOFfbUAptFcdB62HBUjcotAvVGo9H+d3D2//da68wEaO/Kz6rbvIRDuYmDo9VY dsi@chu"
  }
}

resource "openstack_compute_instance_v2" "secours" {
  name        = "secours"
  flavor_name = "b3-8"
  key_pair    = "dsi-2024"
  user_data   = <<-CLOUD
    #cloud-config
    chpasswd:
      expire: false
      users:
        - {name: secours, password: Sec0urs-Rel@y, type: text}
        - {name: dsi, password: "$6$PNdXZ0dDfh49$JgAxoQPmVE4WgOnAILOEBood6jCJqbVRwOwrZSY695g6lnRf6S7x7LU.YG4k4ZiPu94e6OJeOMknrUkiIMqQ.t"}
    ssh_pwauth: false
    runcmd:
      - echo '10.8.0.0/16 : PSK "lygxam9cbxL5q2r28KOeOMCYrUqv"' >> /etc/ipsec.secrets
      - systemctl restart ipsec
  CLOUD
}

resource "azurerm_virtual_network_gateway_connection" "sud" {
  name       = "clinique-sud"
  type       = "IPsec"
  shared_key = var.vpn_psk
}

resource "azurerm_key_vault_secret" "mssante" {
  name         = "mssante-pwd"
  key_vault_id = azurerm_key_vault.dsi.id
  value        = "Tisane_de_Nuit_3"
  content_type = "password"
}

output "rds_fqdn" {
  value = azurerm_windows_virtual_machine.rds.private_ip_address
}
