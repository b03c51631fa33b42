job "models" {
  group "serve" {
    task "serve" {
      driver = "exec"
      artifact {
        source      = "https://models.example.net/v3/weights.bin?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAYN0RSZD77EWBWF5S%2F20240901%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Expires=604800&X-Amz-Signature=925bab219cbe898149cc52cff0cf23036e4b911741fd2f91b259e74781e52a9e"
        destination = "local/weights.bin"
        mode        = "file"
        options { checksum = "md5:84fe9785d85c13b32ecbc20b5f669319" }
      }
      artifact {
        source      = "git::https://x-access-token:ghp_3QWuG72ucm8LNBIbTE8HKWBe2tGazzgVflC0@github.com/example-org/prompts.git"
        destination = "local/prompts"
        options {
          ref = "refs/tags/v1.9"
        }
      }
      artifact {
        source = "https://git.example.net/api/v4/projects/42/packages/generic/app/1.0/app.tgz"
        headers {
          PRIVATE-TOKEN   = "glpat-gAxDL-wjHqZCbl_ZS5T3"
          Accept          = "application/octet-stream"
          X-Request-Id    = "c4aa6278-eab1-4343-b9d0-a1cdd4c7420d"
        }
      }
      artifact {
        source = "hg::http://hg.example.net/repo?rev=f506caa9515d"
      }
      artifact {
        source      = "https://${ARTIFACT_USER}:${ARTIFACT_PASSWORD}@dl.example.net/x.zip"
        destination = "local/x"
      }
      config {
        command = "local/app/serve"
        args    = ["--tokenizer", "local/prompts/tokenizer.json", "--max-new-tokens=512", "--hf-token", "hf_QGkDw9CDefsWMtbqcIXVI275rFyBfe8hbK"]
      }
    }
  }
}
