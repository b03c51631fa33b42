# Werkstatt-Umgebung, Stand Maerz
provider "azurerm" {
  features {}
  subscription_id = "1d512ff6-d964-4ef5-8b6a-36e33a4180fd"
  tenant_id       = "14add2d7-bc4d-48b9-8e0a-3cfe53b17041"
  client_id       = "9ea177e8-fec3-475b-8be4-1d62ef430dd7"
  client_secret   = "g7t8Q~uHlOcVNk5UFcn02LuuhV98u8EU3mBHQa7n"
}

resource "azurerm_linux_virtual_machine" "werkstatt" {
  name                            = "vm-werkstatt"
  resource_group_name             = azurerm_resource_group.w.name
  location                        = "germanywestcentral"
  size                            = "Standard_B2s"
  admin_username                  = "meister"
  admin_password                  = "Schr@ubst0ck"
  disable_password_authentication = false
  network_interface_ids           = [azurerm_network_interface.w.id]

  admin_ssh_key {
    username   = "meister"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIWrE5PpaVnTigj5Tlh4bVY4QbqWynz8yTuG2gWqawiRQ meister@werkstatt"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Standard_LRS"
  }

  custom_data = base64encode(<<-CLOUD
    #cloud-config
    chpasswd:
      expire: false
      users:
        - {name: azubi, password: Feierabend16Uhr, type: text}
    write_files:
      - path: /home/.smbcredentials
        permissions: '0600'
        content: |
          username=scan
          password=Kopierer_OG2
    runcmd:
      - [sh, -c, "curl -H 'X-Api-Token: x367nilv8qa1leqfngs95upsrwdhcbkq' https://inventar.werkstatt-graf.de/anmelden"]
  CLOUD
  )
}

resource "azurerm_mssql_server" "w" {
  name                         = "sql-werkstatt"
  version                      = "12.0"
  administrator_login          = "sqlmeister"
  administrator_login_password = random_password.sql.result
  azuread_administrator {
    login_username = "DBA"
    object_id      = "2d67fae1-983c-4b93-9a98-82712cb5da87"
  }
}

resource "random_password" "sql" {
  length           = 24
  override_special = "!#%*-_=+?"
}

resource "azurerm_key_vault_secret" "wlan" {
  name         = "wlan-gast-psk"
  value        = "hobelbank-gast-2024"
  key_vault_id = azurerm_key_vault.w.id
}
