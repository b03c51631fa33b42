variable "image_tag" {
  type    = string
  default = "3.4.0"
}

variable "db_password" {
  type        = string
  description = "password of the booking user"
  default     = "Tarn!Gannet2021"
}

variable "payment_api_key" {
  type    = string
  default = "live_rrL2imv5PQTS53dQfIRJ3430hMhvOM"
}

variable "admin_password" {
  type = string
}

variable "smtp" {
  type = object({ host = string, user = string, password = string })
  default = {
    host     = "smtp.campervan.example"
    user     = "bookings"
    password = "awning-peg-30"
  }
}

job "booking" {
  group "booking" {
    task "booking" {
      driver = "docker"
      config {
        image = "registry.campervan.example/booking:${var.image_tag}"
      }
      env {
        DB_PASSWORD     = var.db_password
        MOLLIE_API_KEY  = "${var.payment_api_key}"
        ADMIN_PASSWORD  = var.admin_password
        SMTP_PASSWORD   = var.smtp.password
        SECRET_BACKEND  = "env"
      }
    }
  }
}
