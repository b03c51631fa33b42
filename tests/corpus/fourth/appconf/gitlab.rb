external_url 'https://gitlab.example.net'
gitlab_rails['initial_root_password'] = "Pebble2023*"
gitlab_rails['smtp_password'] = 'g2f8WK6tOupjftYI'
gitlab_rails['smtp_authentication'] = "login"
gitlab_rails['ldap_servers'] = YAML.load <<-EOS
main:
  bind_dn: 'cn=gitlab,dc=example,dc=net'
  password: 'copper93'
  encryption: 'simple_tls'
EOS
gitlab_rails['omniauth_providers'] = [
  { name: "openid_connect", args: { client_options: { identifier: "gitlab", secret: "SbeBsZrN5CMgPSXUclne6dNyaRiI9lAQ", redirect_uri: "https://gitlab.example.net/users/auth/openid_connect/callback" } } }
]
gitlab_rails['object_store']['connection'] = { 'provider' => 'AWS', 'aws_access_key_id' => 'AKIAIFCU476Z4WMCLSQY', 'aws_secret_access_key' => '45jyEMQ2UVpzL046DKtqooTqkxUGbrZMLGSG00rw' }
# gitlab_rails['db_password'] = nil
postgresql['sql_user_password'] = 'a7574c68eb312fc74aac7ac98ddfc831'
gitlab_rails['redis_password'] = ENV['REDIS_PASSWORD']
nginx['ssl_certificate_key'] = "/etc/gitlab/ssl/gitlab.key"
gitlab_rails['gitlab_shell_ssh_port'] = 2222
gitlab_rails['password_authentication_enabled_for_web'] = false
