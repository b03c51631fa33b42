job [[ template "job_name" . ]] {
  [[ template "region" . ]]
  datacenters = [[ var "datacenters" . | toStringList ]]
  type        = "service"

  group "minio" {
    [[- if var "register_service" . ]]
    service {
      name = "[[ var "service_name" . ]]"
      port = "api"
    }
    [[- end ]]

    task "minio" {
      driver = "docker"
      config {
        image = "minio/minio:[[ var "version" . ]]"
        args  = ["server", "/data", "--console-address", ":9001"]
      }
      env {
        MINIO_ROOT_USER     = "minioadmin"
        MINIO_ROOT_PASSWORD = "minioadmin"
        MINIO_KMS_SECRET_KEY = "backups:413ZkDBcqlGNmgSty4n2yC2PGszeKZ5TpKwhU38Jugw="
        MINIO_IDENTITY_OPENID_CLIENT_SECRET = "[[ var "oidc_client_secret" . ]]"
        MINIO_PROMETHEUS_AUTH_TYPE = "public"
      }
      [[ if var "debug" . ]]
      # MC_HOST_local = http://minioadmin:[[ var "root_password" . ]]@localhost:9000
      [[ end ]]
      resources {
        cpu    = [[ var "resources.cpu" . ]]
        memory = [[ var "resources.memory" . ]]
      }
    }
  }
}
