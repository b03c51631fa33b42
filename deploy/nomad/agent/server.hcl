# Part of the configuration of Nomad's servers: each task with a `vault` block gets an identity that Strongroom takes.
vault {
  enabled = true

  default_identity {
    aud = ["vault.io"]
    ttl = "1h"
  }
}
