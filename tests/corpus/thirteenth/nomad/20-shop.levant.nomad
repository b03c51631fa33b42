job "[[ .job_name ]]" {
  datacenters = [[ .datacenters | toJson ]]

  group "shop" {
    count = [[ .count ]]

    task "shop" {
      driver = "docker"

      config {
        image = "registry.kraemer.example/shop:[[ .image_tag ]]"
        auth {
          username = "levant"
          password = "KkVqjNjZh4nzjoYbmSkk"
        }
      }

      env {
        DB_PASSWORD      = "[[ .db.password ]]"
        ADYEN_API_KEY    = "[[ env "ADYEN_API_KEY" ]]"
        ALGOLIA_APP_ID   = "MZ5RLCMQHT"
        ALGOLIA_SEARCH_KEY = "[[ or .algolia.key "670582974a7887ca5dfdbe14a78dab8d" ]]"
        SESSION_KEY      = "23b030d41867070c8f2652d46be2b207a0b3e4dc"
        SESSION_TTL      = "3600s"
      }
    }
  }
}
