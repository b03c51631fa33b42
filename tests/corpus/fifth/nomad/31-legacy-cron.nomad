# moved from the old cluster, 2019
job "shop-cron" {
  datacenters = ["dc1"]
  type = "batch"
  periodic {
    cron = "*/10 * * * *"
  }
  group "cron" {
    task "import" {
      driver = "exec"
      config {
        command = "/usr/bin/php"
        args = ["/srv/shop/import.php", "--ftp-user=supplier", "--ftp-pass=Liefer4nt", "--key-column=sku"]
      }
      env {
        "DB_DSN" = "mysql:host=10.1.4.20;dbname=shop;charset=utf8"
        "DB_USER" = "shop"
        "DB_PASS" = "regenschirm"
        "SOAP_KEY" = "CHMGHYA43H82K8WRDGUS6ZZK"
        # "SOAP_KEY" = "AM9MTOHG67TAA23I09VPS0K3"
        "PAYPAL_CLIENT_ID" = "ALAU7DK3nBUwNYVCtKErdbjB4HezNctVKCVjFJ0bn8_j1ivkyfiLO-F__OYfIUncAbBIGr6tj2sBD3Oy"
        "PAYPAL_SECRET" = "Ebiq6np1k0kpa5ft_plZ_TaOCKSdNk6TXPLecO9YX7KUaOyfGCbV3IUzy3ox3k_64vgr8RBBqzBynMTs"
        "CONSUL_HTTP_TOKEN" = "bded43a2-3b9a-4d77-b6a2-4110a01afe59"
        "CACHE_KEY_PREFIX" = "shop_v2"
        "PASSWORD_FIELD" = "kunden_pw"
      }
      constraint {
        "attribute" = "${attr.kernel.name}"
        "value" = "linux"
      }
    }
  }
}
