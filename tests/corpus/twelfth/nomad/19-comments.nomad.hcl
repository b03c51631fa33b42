# Job of the pottery shop. The password of the database is in 1Password, ask Wendel.
# old staging login: admin / glaze-Kiln-1260
job "potshop" {
  group "web" {
    task "web" {
      driver = "docker"
      config {
        image = "registry.potshop.example/web:77"
        # auth {
        #   username = "ci"
        #   password = "GGzm2iLB0GGpJikpPpZ6X0wGx748"
        # }
      }

      env {
        # the token is rotated by cron every Monday
        API_TOKEN = "PpQ31xZFHDgWPfomZAKvwF59JbNJfaKl9Jb3E7MA"
        // DB_PASSWORD = "Sgraffito.19"
        DB_PASSWORD_FILE = "/secrets/db" # was DB_PASSWORD until March
        /* before the move:
           MAIL_URL = "smtp://shop:rawUmber404@mail.potshop.example"
        */
        MAIL_URL = "smtp://mail.potshop.example:25"
        # EXAMPLE_TOKEN = "<your token>"
        DEBUG = "0" # set SECRET_KEY with nomad var put
      }
    }
  }
}
