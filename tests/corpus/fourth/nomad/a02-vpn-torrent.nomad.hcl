job "transmission-openvpn" {
  datacenters = ["dc1"]
  type        = "service"

constraint {
  attribute = "${attr.unique.hostname}"
  value     = "pi4B-02"
}
  group "transmission" {
	
      network {
        port "torrent" { static = 9091 }
      }
	
    task "transmission" {
      driver = "docker"
      
      config {
        image = "haugene/transmission-openvpn"
		cap_add = ["NET_ADMIN"]
		ports = ["torrent"]
		privileged = true
    volumes  = ["/media/cluster/common/transmission/:/data/"]
      }
      env {
        OPENVPN_PROVIDER = "PIA"
        OPENVPN_USERNAME = "p4417093"
        OPENVPN_PASSWORD = "aowlo2mdu6"
        TRANSMISSION_RPC_AUTHENTICATION_REQUIRED = "true"
        TRANSMISSION_RPC_USERNAME = "transmission"
        TRANSMISSION_RPC_PASSWORD = "transmission"
        # OPENVPN_PASSWORD = "iU3xwF2JOw"   old account
      }
# Securely pull ALL variables from the authorized job path
      template {
        data = <<EOH
{{- with nomadVar "nomad/jobs/transmission-openvpn" }}
LOCAL_NETWORK="{{ .local_network }}"
OPENVPN_PASSWORD="{{ .vpn_password }}"
{{- end }}
GLUETUN_HTTPPROXY_PASSWORD=pgz7eg8fl
HEALTH_CHECK_HOST=google.com
EOH
        destination = "secrets/vpn-config.env"
        env         = true
      }
      template {
        destination = "secrets/wg0.conf"
        perms       = "600"
        data        = <<-EOH
        [Interface]
        PrivateKey = 4tkLsIloZmnzz3UVA7F+gAX1gfn/T0tlTQfP2gE4GQs=
        Address = 10.64.88.3/32
        DNS = 10.64.0.1

        [Peer]
        PublicKey = VNbd/GpRuWMC7TDedcu4YZzqyP679HEFL0xTBXxlYRI=
        PresharedKey = 8ouGlus2Is+BkzWb6JYrJnqh3Jrk2hm9WW+aRLSw1iE=
        AllowedIPs = 0.0.0.0/0
        Endpoint = 185.213.154.66:51820
        EOH
      }
       resources {
         cpu    = 800
         memory = 800
       }
	 }
  }  
}
