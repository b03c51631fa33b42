job "storefront" {
  group "web" {
    task "install" {
      driver = "exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = "/usr/bin/npm"
        args    = ["ci", "--prefix", "/alloc/app", "--userconfig", "secrets/.npmrc"]
      }
      template {
        destination = "secrets/.npmrc"
        data        = <<NPMRC
registry=https://registry.npmjs.org/
@boutique:registry=https://npm.pkg.github.com
//registry.npmjs.org/:_authToken=npm_3Dx9D15rKmV8bfupLxXVtbPMzHbyDrJwFmXh
//npm.pkg.github.com/:_authToken=$${GH_PACKAGES_TOKEN}
//nexus.boutique.example/repository/npm/:_auth=ZGVwbG95OlZlbG91cnMtQ290ZWxl
//nexus.boutique.example/repository/npm/:always-auth=true
NPMRC
      }
      template {
        destination = "secrets/netrc"
        data        = "machine git.boutique.example login ci password swnwy1J8v3MBQKgORAkV\n"
      }
    }

    task "web" {
      driver = "exec"
      config {
        command = "/usr/bin/node"
        args    = ["/alloc/app/server.js"]
      }
      template {
        destination = "secrets/web.env"
        env         = true
        data        = <<ENV
NODE_ENV=production
# shop
NEXTAUTH_URL=https://boutique.example
NEXTAUTH_SECRET=qduWN65X4CmKIFAtVXHaHuA/jocZGV77tgJjSbx7bmk=
NEXT_PUBLIC_RECAPTCHA_SITE_KEY=6LOUxegBmICHlOfpbqPgzC6ByDDbENMMLPM0mMem
RECAPTCHA_SECRET_KEY=6L9FufEqQTYTfswZHcC76tl9ommZayq1pLDmV8uy
SENTRY_DSN=https://c42e4f5e9bf23bb04ecfcc3ad2923a51@o41882.ingest.sentry.io/4506112
SENTRY_AUTH_TOKEN="sntrys_hLlGyIc874q92rCWa5KOTHdErn9SsH3c86T7cP50pT28Sw4G-rjK4RAHTfVQ65_9WLPt6vEYNSRmWBSPp-ZvFNkgoCLID2z1wsrFt4rPclf3wHZqIfUvThWz"
REDIS_URL={{ range nomadService "redis" }}redis://:{{ with nomadVar "nomad/jobs" }}{{ .redis }}{{ end }}@{{ .Address }}:{{ .Port }}{{ end }}
SHOPIFY_ADMIN_TOKEN=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
BASIC_AUTH_USER=preview
BASIC_AUTH_PASS=velvet
CSRF_HEADER=X-CSRF-Token
JWT_EXPIRES_IN=12h
ENV
      }
    }
  }
}
