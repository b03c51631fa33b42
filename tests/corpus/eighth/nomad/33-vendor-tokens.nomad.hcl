job "ci-tools" {
  datacenters = ["mad-1"]
  type        = "batch"

  group "ci" {
    task "publish" {
      driver = "docker"
      config {
        image   = "node:20-bookworm"
        command = "bash"
        args    = ["/local/publish.sh"]
      }

      template {
        destination = "local/.npmrc"
        data        = <<EOF
registry=https://registry.npmjs.org/
//registry.npmjs.org/:_authToken=npm_QM1uETwtTc0SKYGjXYxhoLEByCyK4svWTZxf
//nexus.agencia.example/repository/npm/:_auth=Y2k6QzRzdGFudWVsYXMtOQ==
//nexus.agencia.example/repository/npm/:always-auth=true
@olivares:registry=https://nexus.agencia.example/repository/npm/
EOF
      }

      template {
        destination = "local/pip.conf"
        data        = <<EOF
[global]
index-url = https://__token__:pypi-AgEIcHlwaS5vcmccukTzVLCjuxODMQ8Q2mvZHWvL2SM4KZFuPPp2OLtIkmjTqhbNoNA-rz688OANmeNzoQ31kH9ur31yoSgU0ZABQqHQ8wUH9KI1X4acGM_UHuWhHEI4lpu3p_R@pypi.agencia.example/simple
extra-index-url = https://$${PIP_USER}:$${PIP_PASS}@mirror.agencia.example/simple
EOF
      }

      template {
        destination = "local/publish.sh"
        data        = <<EOF
set -e
echo "dckr_pat_C2RD3ozw7xNtqMqCjIS8E0An96c" | docker login -u agenciabot --password-stdin
docker login -u AWS -p "$(aws ecr get-login-password)" 4200.dkr.ecr.eu-west-1.amazonaws.com
export SENTRY_AUTH_TOKEN=sntrys_AeUTolmlYRt4fN4vOeD0XbH4tifgvM54I14gcQORHZOU8ofecMyZf9A+WPUP_cE+YouyeeoRdEIRacJ+lxGjqnmQgto1QOWhDwWv2doZ
export HEROKU_API_KEY="502b8aa7-cc57-4a0e-aa04-411c2df97f2e" HEROKU_APP_ID="5b2da03e-e46f-4f00-9458-50a928d6739d"
export VERCEL_PROJECT_ID=prj_XODtL8VBGcHGnoT6yj98nlre3Zr0
export SONAR_TOKEN=sqp_f9338f3f808521e4584d1af173491c300fbfa80b
shopify theme push --password shptka_3b49b53b1e4a782d49e41d65635f611d --store olivares.myshopify.com
git -c http.extraHeader="Authorization: Basic Y2k6RzF0TGFiX2Rlc3BsaWVndWU=" push origin main
# la firma de los paquetes usa la clave A1C7D0CE9373C17F; la frase está en el gestor
EOF
      }
    }
  }
}
