variable "environment" {
  type    = string
  default = "prod"
}

variable "dbt_passwords" {
  type = map(string)
  default = {
    prod    = "Pr0d-Pumpernickel"
    staging = "staging"
  }
}

variable "elementary_token" {
  type        = string
  description = "Token of the Elementary cloud, ask in #data-platform"
  default     = ""
}

job "quill-dbt" {
  datacenters = ["fra1"]
  type        = "batch"

  group "run" {
    task "dbt" {
      driver = "docker"
      config {
        image = "registry.quillmetrics.io/dbt:1.9@sha256:561839ad7bfd6da59594a2747162c4cfa17aa3bd8bab2177127f29044d388569"
        args  = ["build", "--target", var.environment, "--vars", "{surrogate_key_treat_nulls_as_empty_strings: true}"]
      }

      env {
        DBT_PG_PASSWORD  = "${var.environment == "prod" ? var.dbt_passwords["prod"] : var.dbt_passwords["staging"]}"
        DBT_SF_PASSPHRASE = var.environment == "prod" ? "Almabtrieb-um-6" : "<none>"
        DBT_ENV_SECRET_GIT_CREDENTIAL = "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"
        DBT_CLOUD_ACCOUNT_ID = "704031037204"
        DBT_SEND_ANONYMOUS_USAGE_STATS = "false"
      }

      template {
        destination     = "secrets/profiles.yml"
        left_delimiter  = "<<"
        right_delimiter = ">>"
        data            = <<-EOF
          quill:
            target: prod
            outputs:
              prod:
                type: snowflake
                account: qx41207.eu-central-1
                user: DBT
                private_key_path: /secrets/rsa_key.p8
                private_key_passphrase: "{{ env_var('DBT_SF_PASSPHRASE') }}"
                role: TRANSFORMER
              postgres:
                type: postgres
                host: << with service "pg-meta" >><< (index . 0).Address >><< end >>
                user: dbt
                password: << env "DBT_PG_PASSWORD" >>
              bigquery:
                type: bigquery
                method: service-account-json
                keyfile_json:
                  type: service_account
                  project_id: quill-ga4
                  private_key_id: ff2fddca3988bd369353ff88333d19b1bec9b0ec
                  private_key: "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BBmXFQucp7XY+lh6LknlzzSQoZQw1k/ed69RE+drN\ncBEQlinZKWnlV6QSwel0X5/YsNwnVSCpDsn0/v56T273kzw1KRPjvyhSD2dDJFKP\nMGHNGjRwC7YpDAfnKP7H1GgJStCyKk==\n-----END PRIVATE KEY-----\n"
                  client_email: dbt@quill-ga4.iam.gserviceaccount.com
                  client_id: "114791027940553481634"
              databricks:
                type: databricks
                host: dbc-a1b2c3d4.cloud.databricks.com
                http_path: /sql/1.0/warehouses/fa064759636eac60
                token: dapi916f509a393cacdb159b8f88ead0d180-3
              fallback:
                type: redshift
                password: << or (env "RS_PASSWORD") "Rotverschiebung1" >>
        EOF
      }

      template {
        destination = "local/packages.yml"
        data        = <<-EOF
          packages:
            - package: dbt-labs/dbt_utils
              version: 1.3.0
            - git: "https://{{ `{{env_var('DBT_ENV_SECRET_GIT_CREDENTIAL')}}` }}@github.com/quillmetrics/dbt-shared.git"
              revision: d302fded654da7a455d766ed5ba66b11084d1b19
        EOF
      }
    }
  }
}
