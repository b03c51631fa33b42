variable "vsphere_password" {
  type      = string
  sensitive = true
  default   = "VMware1!"
}
variable "admin_users" {
  type = map(object({ email = string, password = string }))
  default = {
    anna = { email = "anna@example.net", password = "sow-thistle" }
    ben  = { email = "ben@example.net", password = "coltsfoot" }
  }
}
variable "api_tokens" {
  type    = list(string)
  default = ["10723e072dabce7580f3ca940f4d38a446e7471c"]
}
variable "db_password" {
  type        = string
  default     = ""
  description = "password of the application, at least 16 characters"
  validation {
    condition     = length(var.db_password) >= 16
    error_message = "The db_password is too short."
  }
}
variable "key_name" { default = "deployer-key" }
variable "token_ttl" { default = 3600 }
variable "ssh_public_key" {
  default = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN3wq34z5y11T4RAKrN6zh4vteXpI19APRgd5GIV5ZUM ops"
}
variable "datadog" {
  default = {
    api_key = "7c0a5d79021612e322157959c4ddcbf2"
    site    = "datadoghq.eu"
  }
}
output "connection" {
  value     = "postgres://app:${random_password.app.result}@${aws_db_instance.a.address}/app"
  sensitive = true
}
output "admin_password" {
  value = "first.frost"
}
