job "käserei" {
  group "größe" {
    task "über" {
      driver = "docker"
      config {
        image = "registry.kaeserei.example/verkauf:6"
      }
      env {
        TITEL        = "Käse & Brötchen – täglich frisch 🧀"
        DB_PASSWORT  = "Rötliche-Rinde-7"
        MQTT_URL     = "mqtt://fühler:molke%C3%A433@mqtt.kaeserei.example:1883"
        API_TOKEN    = "COG6Y6LfqAdS39n4hT2opublbWBktAgj" # für Jürgen’s Waage
        PASSWORT_HINWEIS = "Mindestens zwölf Zeichen, bitte"
      }

      template {
        destination = "local/конфиг.ini"
        data        = <<EOF
; Zugang zur Gefriertruhe №2
benutzer = müller
passwort = зима-Холод-12
schlüssel_datei = /etc/käserei/schlüssel.pem
EOF
      }
    }
  }
}
