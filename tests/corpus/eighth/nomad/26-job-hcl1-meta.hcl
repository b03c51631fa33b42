job "radyo-kontrol" {
  datacenters = ["izmir"]
  type = "service"

  meta {
    "sorumlu" = "selim"
    "telsiz.parola" = "1453"
    "anahtar.adi"   = "telsiz-aes"
  }

  group "ctl" {
    task "ctl" {
      driver = "docker"
      config {
        image = "registry.lojistik.example/saha/ctl:1.2"
        logging {
          type = "gelf"
          config {
            gelf-address = "udp://log.lojistik.example:12201"
            tag = "token-servis"
          }
        }
      }
      env {
        "ctl.mqtt.url"    = "mqtts://saha:Forklift06@mqtt.lojistik.example:8883"
        "ctl.gps.apikey"  = "450c1ee3-b79a-44f1-a759-2fbfbbb19a79"
        "ctl.gps.project" = "7ff574f6-da74-4998-9959-04e08c48d73b"
        # eski: "ctl.gps.apikey" = "a64d36f3-574c-491a-8f7a-987cb93ca16e"
        "ctl.secure"      = "1"
        "ctl.pin.len"     = "6"
      }
      service {
        name = "ctl"
        tags = ["prod", "snmp-community=depo-izleme"]
        port = "http"
      }
    }
  }
}
