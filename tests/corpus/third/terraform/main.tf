provider "digitalocean" {
  token             = "dop_v1_ec77886372ed8b456ab4dd3724a516149219138e1612cb2115d1bc85d5bf2fec"
  spaces_access_id  = "DO00N5CW6J4ACAT0GBPD"
  spaces_secret_key = "TxBpApAjDWxlvaVsfHmgI5cXmp0qpGVYIDImPOr1Gup"
}
provider "rabbitmq" {
  endpoint = "http://127.0.0.1:15672"
  username = "guest"
  password = "guest"
}
resource "azurerm_linux_virtual_machine" "vm" {
  admin_username                  = "azureuser"
  admin_password                  = "P@55w0rd1234!"
  disable_password_authentication = false
  admin_ssh_key {
    username   = "azureuser"
    public_key = file("~/.ssh/id_rsa.pub")
  }
  custom_data = base64encode(<<-CLOUD
    #cloud-config
    password: cl0ud-In1t
    chpasswd: { expire: false }
  CLOUD
  )
}
resource "aws_ssm_parameter" "db" {
  name  = "/prod/db/password"
  type  = "SecureString"
  value = "Ssm!Par4m"
}
resource "aws_lambda_function" "f" {
  environment {
    variables = {
      API_TOKEN  = "PEo6KPLK3HgDPlkNWKN6qOJ2QClYS7d8"
      TABLE_NAME = "session-tokens"
      SECRET_ARN = aws_secretsmanager_secret.x.arn
    }
  }
}
