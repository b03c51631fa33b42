job "k6" {
  type = "batch"
  group "k6" {
    task "k6" {
      driver = "docker"
      config {
        image = "grafana/k6@sha256:667f0f0a23085a1e623fad4a5f87c6b7c5d2534c764af84f8f8b692bfd024fe8"
        args  = ["run", "--summary-export=/alloc/k.json", "--tag", "key=login-flow", "--env", "TOKEN_FILE=/secrets/token", "/local/login.js"]
      }
      env {
        K6_SECRET_SOURCE     = "file"
        AUTH_PROVIDER        = "keycloak"
        PASSWORD_FIELD       = "#password"
        TOKEN_JSON_PATH      = "$.access_token"
        API_KEY_ROTATION     = "7d"
        CREDENTIALS_MODE     = "include"
        CSRF_TOKEN_SELECTOR  = "meta[name=csrf-token]"
        SECRET_SANTA_ENABLED = "true"
        KEY_PREFIX           = "lt:"
        RESULTS_URL          = "https://results.example.net/runs/ba98467a-9610-4dee-a5d9-2a39b853716e"
      }
      template {
        destination = "local/login.js"
        data        = <<EOJ
import http from 'k6/http';
const password = __ENV.USER_PASSWORD;
export default function () {
  const res = http.post(`$${__ENV.BASE}/login`, { username: 'load', password });
  const token = res.json('access_token');
  http.get(`$${__ENV.BASE}/me`, { headers: { Authorization: `Bearer $${token}` } });
}
EOJ
      }
    }
  }
}
