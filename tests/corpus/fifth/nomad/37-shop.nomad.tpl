job "[[ .job_name ]]" {
  datacenters = ["[[ .dc ]]"]

  group "web" {
    count = [[ .count ]]

    task "web" {
      driver = "docker"
      config {
        image = "registry.moorhenlabs.com/shop/web:[[ .tag ]]"
        auth {
          username = "[[ .registry.user ]]"
          password = "[[ .registry.password ]]"
        }
      }
      env {
        DATABASE_PASSWORD = "[[ .db.password ]]"
        CACHE_URL         = "redis://:two-Ducks-fly@cache-[[ .dc ]].moorhenlabs.com:6379/1"
        SESSION_SECRET    = "27146fd5a188565c0b50de0dc53cfcf31fe50c2cc5449ae5a1bb04f94b486371"
        TOKEN_AUDIENCE    = "shop-[[ .dc ]]"
        [[ if eq .env "staging" ]]
        ADMIN_PASSWORD    = "staging"
        [[ else ]]
        ADMIN_PASSWORD    = "[[ consulKey "shop/admin_password" ]]"
        [[ end ]]
      }
    }
  }
}
