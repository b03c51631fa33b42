job "edge" {
  type = "system"
  group "traefik" {
    service {
      name = "traefik"
      port = "8080"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.dash.rule=Host(`edge.example.org`)",
        "traefik.http.routers.dash.middlewares=dash-auth",
        "traefik.http.middlewares.dash-auth.basicauth.users=ops:$apr1$ZxQqPt/7$HI0rF2Xv4Q/rGmPwZ9lwE7",
        "traefik.http.middlewares.dash-auth.basicauth.headerField=X-WebAuth-User",
        "traefik.http.routers.dash.tls.certresolver=ovh",
      ]
    }
    task "traefik" {
      driver = "docker"
      config {
        image = "traefik:v3.2.1"
        args = [
          "--certificatesresolvers.ovh.acme.dnschallenge.provider=ovh",
          "--certificatesresolvers.ovh.acme.storage=/data/acme.json",
          "--certificatesresolvers.zero.acme.eab.kid=5SWzlEM3c0J6XX9WgScAYe",
          "--certificatesresolvers.zero.acme.eab.hmacencoded=DQmbnidze-KgHk7LSjS5A2x2uXnIf9CA59od7Z_6trOtSQsW12OlDg9_FPv8B86umeYHncu_AoaWy_8sOxqL4U",
          "--providers.consulcatalog.endpoint.token=8d8f2617-c7f5-4722-8940-f99945398893",
          "--providers.redis.password=grenzposten11",
        ]
      }
      env {
        OVH_ENDPOINT           = "ovh-eu"
        OVH_APPLICATION_SECRET = "598ab412ce6318b220a4f1246e179162"
        OVH_CONSUMER_KEY       = "a221a5da52024b6447e6270b0d4387f1"
        HETZNER_API_KEY_FILE   = "/secrets/hetzner"
        GANDIV5_PERSONAL_ACCESS_TOKEN = "33c42219eecab67b1606bdfe7f68de82e68390a0"
        OVH_PROPAGATION_TIMEOUT = "120"
      }
    }
  }
}
