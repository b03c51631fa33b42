# Şifreler burada durmaz. Parolayı değiştirmek için önce Vault'a yazın, sonra işi yeniden başlatın.
# (parola en az 12 karakter; her 90 günde bir değişir)
job "gumruk-beyan" {
  datacenters = ["ist-gebze"]

  group "beyan" {
    volume "anahtar" {
      type   = "host"
      source = "hsm-keys"
    }

    service {
      name = "token-exchange"
      port = "http"
      tags = ["auth=mtls", "secret-engine=transit"]
    }

    task "beyan" {
      driver = "java"

      secret "gumruk" {
        provider = "vault"
        path     = "kv/data/gumruk"
        config {
          engine = "kv_v2"
        }
      }

      config {
        class       = "tr.lojistik.Beyan"
        jvm_options = ["-Dkeystore.password=${secret.gumruk.keystore}", "-Dpkcs11.slot=2", "-Dimza.pinSource=HSM_PROMPT"]
      }

      env {
        BEYAN_PASSWORD    = "${secret.gumruk.password}"
        BEYAN_KEY_LABEL   = "mali-muhur-2025"
        BEYAN_ALGORITHM   = "RSA-OAEP-256"
        TOKEN_ISSUER      = "https://sts.lojistik.example/auth/token"
        SECRET_REFRESH    = "45s"
        PASSPHRASE_PROMPT = "Parolayı girin:"
      }

      template {
        left_delimiter  = "<<"
        right_delimiter = ">>"
        destination     = "secrets/beyan.conf"
        data            = <<CONF
kullanici = beyan
parola = << with secret "kv/data/gumruk" >><< .Data.data.password >><< end >>
anahtar = << key "gumruk/anahtar_adi" >>
sifre_dosyasi = /secrets/parola.txt
CONF
      }
    }
  }
}
