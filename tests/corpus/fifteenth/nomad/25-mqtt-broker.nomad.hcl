job "mqtt" {
  type = "service"
  group "broker" {
    network {
      port "mqtts" { static = 8883 }
    }
    task "mosquitto" {
      driver = "docker"
      config {
        image = "eclipse-mosquitto:2.0.18"
        ports = ["mqtts"]
      }
      template {
        destination = "local/mosquitto.conf"
        data        = <<EOH
listener 8883
allow_anonymous false
password_file /secrets/passwd
keyfile /secrets/server.key
certfile /secrets/server.crt

connection plant-2
address mqtt.plant2.example.org:8883
remote_username bridge-hq
remote_password Kiln77smoke
topic sensors/# in 1
EOH
      }
      template {
        destination = "secrets/passwd"
        data        = <<EOH
gateway:$7$101$9qtX4mgfwaLgb4ke$5Ncki3+JyDKuU++Hlh7oZkmWYN/Q4gR7BaKbbb7XeaQBiRfzvNQqiKEjn37j/ouBR6a2GTtZ/AM6clP8v2xJMQ==
EOH
      }
      template {
        destination = "secrets/server.key"
        perms       = "0600"
        data        = <<EOH
-----BEGIN RSA PRIVATE KEY-----
MIJQck0x8RtBw4vJZO2nTH9CipvLUz/R74uB7TPYZRfUpLZuMbkJyusgDMZdEuHQ
clP5hxzVjS/rklagnvt8maP/yo3VZf2ChrZQGMKhm/u/GOUboFwNkumwPRaxWz1W
Ct1hOLlf2qXTwtS9/ewzczXD9SDl3kH6B9c2iu4WQ/8tSfd+zpT9YbhNP6W2B8sM
1nhPFzYh9rWU5vUetIwAtJXoUx/1f4aAomSzeGq5AqBs6AO71Ay/IiEdfw2ULBcN
LhTzTZCw/++JEpe4KAefDGzUFqykMrIAox0JjASaDOVnBdWtFjGAD2eBM50jvcla
4mPXftV3EWRpjsrL3vzb0sTyPMsZ9Bl/Th9+qhHy/U5HMMMdFlHY3SiITS8nC/EA
4k3WHzSt4dQRfpeatfUi3En93/zjTRcwgF3rnQiFlbuVImqfEr78ZsUse5W0BqVk
NNhcpD4wTcIEXP4+yWs9VM3tu0Rxb3sZ3Vg0ehn13TwxPVSa3L7SbCd1Pj8VLL+1
/oE7Q86NblrSkj+Etl/+NZLiJXTyDaUf3aHOL41cPesgbT+14/Sdp3BP51nLrOQC
IrSc6LNvKfhNxv8S8Mm6z4XcgpR6FjLAM1ZnydL11Nv8pXN7Zf7+i8Z0BeFUAM8n
RcokL/BPEPmtLDxoaqI8c1AVML9EfLVnLzK26jTASA2/+z1Mgv4uN4+uSoLAaql7
nFTrbXSXTXIscQmZpdL2R9zPmqUhAuCFM75YkwZP6DvZDhAHjFojGDKznAzJ3hRS
jITf/GMjwRIdyLWOtt1aYAgPU9RNQUQvVc9eknTZQY0+bRlgQJabiiEzDUUMZhtz
7bEIvjTlqVpDM33k+oCE35EqvcuZltYHGU1JahE+o6dz7oWtlDp7ysfMFxsn0wCS
RSFIrdI2t3Jgn+n5hb7B0PpQNydNWR8waxH6qz26MGY9DguUHQcOFx1mpo/srC98
bmUSL6VOSxAo5h+3+co3VeS7ZxpGa01yruutKvec0TsSUR4mIWbnHq9ziqaN2Nlu
CHnC7FoxYpAGwsw6SDTGQP87M2QHOG4ZNxLIco/0JsAyUXHl+81gLH3+HH4+Qwf8
FzUCa64YfgtqGfW9Tth8bqKjGImh0rOrn8akEmbwxNP8caxa3DHJvd2i3y3MJqut
cenWFyE5LWa2ikU8jeb+fLkY07/rWS3orBbLhV8eWx5mcg17ZveOg7e0LxrHxQrf
vtkOhkBjA+hcuIJou4Ymfvhz5+0RUv7mm1c1sk/xheG5GwcQQxlOlOLpUNvmfI15
80ZyQAdl+bEGl/+yASxi+3o02pguq3nG5/x2rxDbn697biB4FKN0uS7+URnzNgR1
skl6OIbU3kKuCKyrXH8H7JPa2Ae2FPNgJ087JQVYNhQIbcjnKokuqOqaD7CHJ/+X
DoekAQtIIcW/U7ajvUO+lEQKfcofXHDf8TLd8BNnOuoCegERGuVBDlFfZKnPAU/6
n8/eSWpMZZM5vrbgao5dtgGxBxJqW5ZZ/F9mAZlE/gKi2G65sCPhtdShC43YN5+i
0cEh/sTiE1rfxeGeI9QdEsT0ZklZ7KcB8ldhrXkYIBrwhS5k8A==
-----END RSA PRIVATE KEY-----
EOH
      }
      template {
        destination = "secrets/client.key"
        data        = <<-EOH
          -----BEGIN EC PRIVATE KEY-----
          MIKMtGRQCLj5kkhpvIRKKcp9cpS0ZsJ1/KXx8XSLWQwnxIVR68f7h1BOQW8jYWhO
          TlEC5KNDwHuu4L9Stp8v8pl5K0XkJ4cAEp9yuNaaC2vt97e6evKih0LhOIc/bzL9
          QYy54cjDBOWa6sBVgr/pEtLNG3ke8aIs+lj19B3z+d6/GYXOSA==
          -----END EC PRIVATE KEY-----
        EOH
      }
      template {
        destination = "secrets/server.crt"
        data        = <<-EOH
          -----BEGIN CERTIFICATE-----
          MIIO3IrvkFx5+ifkdjovCRh0C5E5mTO29Okr+mxHY2YeRBHYb25h8V28rckrwidC
          H2xwX2AHDjy4V9LyPsemsRRidVfhZWSkcowuVQGcjXgP9oe8P0PDmqk4GBU8fbRX
          Lwif4JanRjnMuEPNeYACcKTWzo7wctKFCI8VY4ojbz8mLHedrEXdzmevNdbPjWrL
          IP9VPRp4IwS/bqPyn2hdOwAtt4Q5aA3yfGm6E4sOQSs2HWIs+cwyeIQ30eyoZEH/
          noXVoR/An4NciUUvBfrj9WjlyBLSLzANnfGJEOdcY5d5ascxKX5k0O+j99KTVC0Q
          Awqv6byKgR7/BSgyMlW+++ccEcpNHGF4fEMD5QSXapMAo17YLU4dpP7zikz1Mtor
          FBeu27cPzMzwnbqXBYdItINs1bl19VtuV986BHcmDjxJUqsyQdUMj7+Uvje3a84i
          f8TCjdHlhcrtbgGYWQ3Qb5thZ1TfXwi78yrrZqxqMk/UH5BqK6/59RVXfyyS4k+V
          SF7mDWLDOr7qwlzlQdy7PBznkrTUcdhN3UmmMJaqjN7QCc0TvNLXgHNjcYe7VdqG
          kNve5pPRF0JlU5r7fnbVd8f17NeWw14sQG9HZP9S8LF3diqLPJFbGlBCXJLiTmmM
          t1gfq2zrUbq10lN6Zh1EKV3tzzz6ZHzy7OKc1IcPuxbzsG4CnKtAI92eouvqqonR
          CUrK1LcJdP9VbNLaxa7dP2vxZdTlb3lSHVjIjyoLVEWLXPVf/A==
          -----END CERTIFICATE-----
        EOH
      }
    }
  }
}
