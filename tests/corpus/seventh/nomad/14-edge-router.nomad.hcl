# Rendered through levant before `nomad run`; (( )) is the second pass.
job "edge-router" {
  datacenters = ["[[ .dc ]]"]

  group "router" {
    task "envoy" {
      driver = "docker"

      config {
        image = "envoyproxy/envoy:v1.31.0"
        args  = ["-c", "/secrets/envoy.yaml", "--service-cluster", "edge"]
      }

      env {
        ADMIN_TOKEN    = "[[ .edge.admin_token ]]"
        UPSTREAM_PASS  = "@@UPSTREAM_PASS@@"
        OTEL_HEADERS   = "authorization=[[ consulKey `edge/otel` ]]"
        SIGNING_SECRET = "__SIGNING_SECRET__"
      }

      template {
        destination     = "secrets/envoy.yaml"
        left_delimiter  = "(("
        right_delimiter = "))"
        data            = <<EOF
static_resources:
  listeners:
  - name: ingress
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          http_filters:
          - name: envoy.filters.http.oauth2
            typed_config:
              config:
                token_endpoint: {cluster: idp, uri: "https://idp.cedarfork.net/oauth2/token"}
                credentials:
                  client_id: edge-router
                  token_secret: {name: oauth-token, sds_config: {path: "/secrets/token.yaml"}}
                  hmac_secret: {name: oauth-hmac, sds_config: {path: /secrets/hmac.yaml}}
                  cookie_names: {bearer_token: CedarBearer}
                forward_bearer_token: true
EOF
      }

      template {
        destination     = "secrets/token.yaml"
        left_delimiter  = "(("
        right_delimiter = "))"
        data            = <<EOF
resources:
- "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
  name: oauth-token
  generic_secret:
    secret:
      inline_string: (( with secret "kv/data/edge" ))(( .Data.data.client_secret ))(( end ))
EOF
      }
    }
  }
}
