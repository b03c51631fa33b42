job "gitlab" {
  datacenters = ["dc1"]

  group "gitlab" {
    network {
      port "http" { static = 8929 }
      port "ssh" { static = 2224 }
    }

    task "gitlab" {
      driver = "docker"

      config {
        image = "gitlab/gitlab-ce:17.3.1-ce.0"
        ports = ["http", "ssh"]
      }

      env {
        GITLAB_OMNIBUS_CONFIG = <<EOT
external_url 'https://git.example.net'
gitlab_rails['initial_root_password'] = 'Quartermaster_88'
gitlab_rails['smtp_enable'] = true
gitlab_rails['smtp_user_name'] = "git@example.net"
gitlab_rails['smtp_password'] = "dr!zzle in april"
gitlab_rails['smtp_authentication'] = "login"
gitlab_rails['db_password'] = ENV['GITLAB_DB_PASSWORD']
gitlab_rails['omniauth_providers'] = [
  { name: "openid_connect", args: { client_options: { identifier: "gitlab", secret: "ZWku0BJxuz7f0lXGamB11x6xqPqL6OFy", redirect_uri: "https://git.example.net/users/auth/openid_connect/callback" } } }
]
gitlab_rails['ldap_servers'] = YAML.load <<-'LDAP'
  main:
    bind_dn: 'cn=gitlab,ou=svc,dc=example,dc=net'
    password: 'holly.and.ivy.22'
    encryption: 'simple_tls'
LDAP
gitlab_rails['backup_upload_connection'] = {
  'provider' => 'AWS',
  'aws_access_key_id' => 'AKIACWLABSV7K43C42OQ',
  'aws_secret_access_key' => '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'
}
registry['database'] = { 'enabled' => false }
gitlab_rails['password_authentication_enabled_for_web'] = true
EOT
        GITLAB_ROOT_EMAIL = "root@example.net"
        GITLAB_SKIP_UNMIGRATED_DATA_CHECK = "true"
      }

      resources {
        cpu    = 4000
        memory = 6144
      }
    }
  }
}
