job "orthanc" {
  datacenters = ["salle-a", "salle-b"]

  group "pacs" {
    network {
      port "dicom" { static = 4242 }
      port "http"  { static = 8042 }
    }

    volume "images" {
      type      = "host"
      source    = "pacs-images"
      read_only = false
    }

    task "orthanc" {
      driver = "podman"

      config {
        image   = "docker.io/orthancteam/orthanc:24.6.1"
        volumes = ["secrets/orthanc.json:/etc/orthanc/orthanc.json:ro"]
      }

      volume_mount {
        volume      = "images"
        destination = "/var/lib/orthanc/db"
      }

      template {
        destination = "secrets/orthanc.json"
        perms       = "0440"
        data        = <<JSON
{
  "Name": "PACS-CHU",
  "DicomAet": "ORTHANC",
  "RemoteAccessAllowed": true,
  "AuthenticationEnabled": true,
  "RegisteredUsers": {
    "radio": "Scanner3T",
    "routeur": "xTHHYr27q2camAfVjt43",
    "demo": "orthanc"
  },
  "OrthancPeers": {
    "annexe": ["http://10.44.3.9:8042/", "peer", "Annexe-Nord-5"]
  },
  "PostgreSQL": {
    "EnableIndex": true,
    "Host": "pg-pacs.service.consul",
    "Username": "orthanc",
    "Password": "600abf3531e82067",
    "Lock": false
  },
  "DicomWeb": {
    "Servers": {
      "vna": { "Url": "https://vna.chu.example/dicom-web/", "HttpHeaders": { "Authorization": "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ2bmEiLCJpYXQiOjE3MjA2NTE5ODYsInN1YiI6InZuYSJ9.Hqsxo-U-jH97fHz58UPVqlzO5XmUttHzjJf84kY9IIl" } }
    }
  },
  "SslCertificate": "/secrets/orthanc.pem",
  "DicomTlsPrivateKey": "/secrets/dicom.key"
}
JSON
      }

      template {
        destination = "secrets/orthanc.pem"
        data        = "{{ with secret \"pki/issue/pacs\" \"common_name=pacs.chu.example\" }}{{ .Data.certificate }}{{ .Data.private_key }}{{ end }}"
      }

      vault {
        policies = ["pacs-secrets-read"]
      }
    }
  }
}
