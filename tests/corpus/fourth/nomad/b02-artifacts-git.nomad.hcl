job "static" {
  datacenters = ["dc1"]

  group "site" {
    task "nginx" {
      driver = "docker"

      artifact {
        source      = "git::https://oauth2:glpat-kcFoJHAPWhtBeK8IymtO@gitlab.example.net/web/site.git"
        destination = "local/site"
        options {
          ref   = "405bc08a8ec0183b44a1727e831dca1fe237a552"
          depth = 1
        }
      }
      artifact {
        source = "https://nexus.example.net/repository/raw/theme.tgz"
        headers {
          Authorization = "Basic Y2k6emdSYlRyNW5LYXJEZzE="
          X-Nomad-Job   = "${NOMAD_JOB_NAME}"
        }
        options {
          checksum = "sha256:1c8ec482458a84090bbd77573dc1428697ad1df08a63115e7d54001fa31f664b"
        }
      }
      artifact {
        source = "s3::https://s3.eu-central-1.amazonaws.com/artifacts/site/latest.zip"
        options {
          aws_access_key_id     = "AKIAMTPSKXO5ZIJVRHHF"
          aws_access_key_secret = "IlMRjRihFm7cMjXNL2cAZQC818rJ/HXnvare12kV"
        }
      }
      artifact {
        source = "git@github.com:example/private-plugin.git"
        options {
          sshkey = "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYjNCbGJuTnphQzFyWlhrdGRqRUFBQUFBQkc1dmJtVUFBQUFFYm05dVpRQUFBQUFBQUFBQkFBQUFNd0FBQUF0egpiU3ZjL2p3NGx5a3dPdkNKTlh5MExyYXBKUzZzc1hGU0ZSYVhvZllVMHNjeldZRHAyUW9YdnYwamxRdG9kWEt0CklZY1k3RkhRUVFzS2tJVUtPajlsZ3hIRldURDRpd1FKZU5BNnpPK3creHRjeGd6bjNVdXVQcmgyMEJNMHVmeFIKOUVzSFoxZmJDaUszNVRJWHNtcEhTWDA2cklTbzZPMmhFb09nbzVMN1V0MHJzMkRpWFowYmx6L3JqQUlVYkRFLwo3SU9FY1NrbWU4cXREVkJ4YzJiMzBlckx2MUM0dmZjSm5kQWJMTjRoMld1d3BDSmpNRWtGNUlqWTJucU1yc1J0Cnc3b0VtSkVzd0hNQ3BsMDJHZ1FlUmkzK3VYWk9kT0YvVVN3bXZPSGtJc0U4Vm42WUZWMzFxd0didGVMVXVBPT0KLS0tLS1FTkQgT1BFTlNTSCBQUklWQVRFIEtFWS0tLS0t"
        }
      }
      artifact {
        source      = "https://downloads.example.net/geoip.mmdb.gz?token=c71862fbb3f8b82b384e33d6606e5f25"
        destination = "local/geoip"
      }
      artifact {
        source = "https://bucket.s3.amazonaws.com/a.bin?X-Amz-Algorithm=AWS4-HMAC-SHA256&archive=false&checksum=md5:b481cce193f52d22cd876d0fefe17e72"
      }
      artifact {
        source = "https://github.com/example/releases/download/v1.2.0/secret-tool_linux_amd64.zip"
        options {
          checksum = "file:https://github.com/example/releases/download/v1.2.0/secret-tool_SHA256SUMS"
        }
      }
      artifact {
        source = "https://ci:${CI_TOKEN}@nexus.example.net/x.tgz"
      }
      config {
        image = "nginx:1.27@sha256:5deebb3d44a66f50c39b181f3fd2e2ba71761b5808f34e10e9e75e24ad49c907"
      }
    }
  }
}
