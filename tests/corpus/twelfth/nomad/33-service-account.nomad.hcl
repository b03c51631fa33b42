job "exporter" {
  type = "batch"

  group "export" {
    task "export" {
      driver = "docker"

      config {
        image = "registry.cloudberry.example/export:40"
      }

      env {
        GOOGLE_APPLICATION_CREDENTIALS  = "/secrets/gcp.json"
        AZURE_STORAGE_CONNECTION_STRING = "DefaultEndpointsProtocol=https;AccountName=cloudberry;AccountKey=jCZfCjYChqvETICNKd0Jv1KkmEooCLl3yH7w+1+sSpW4pGCWB5HF6rnWGTNeWAWpgKUJD822vRr+7cyJ/TUneA==;EndpointSuffix=core.windows.net"
        AZURE_TENANT_ID                 = "692fb781-8de6-4f67-9406-5657837182b9"
        AZURE_CLIENT_ID                 = "5f6fcc1a-86b4-4a10-a33c-583f96332771"
        AZURE_CLIENT_SECRET             = "hg78Q~KaPiM2lUxPfd0S7e-gOcpXfYLlQjPCy_jj"
      }

      template {
        destination = "secrets/gcp.json"
        data        = <<EOF
{
  "type": "service_account",
  "project_id": "cloudberry-export",
  "private_key_id": "6c7cdfc123724675fda77a3a02d820fcfcf5da8e",
  "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCJxc0LYzCjsXgk\nryPzGuBSQUsgnUFjZWdHD8DZtv2NST49JKaQ9oc/wzTQYf/AMbQzk25gyfuBzGx9\nXyAja+HDtwHUu9TJ8q1H1IvxxUZ0ulMEi0MNohKwX4TM4W/r1dxHu25x3XTlA6lo\nc+QDYh8SCI9bCzPYkqvjEmvjYSY9xnDTIn06rFGo\n-----END PRIVATE KEY-----\n",
  "client_email": "export@cloudberry-export.iam.gserviceaccount.com",
  "client_id": "146694551048825075819",
  "token_uri": "https://oauth2.googleapis.com/token"
}
EOF
      }
    }
  }
}
