job "nord-voip" {
  datacenters = ["hh1"]

  group "pbx" {
    task "asterisk" {
      driver = "docker"
      config {
        image = "andrius/asterisk:20"
      }

      template {
        destination = "local/pjsip.conf"
        data        = <<EOF
[global]
type=global
endpoint_identifier_order=ip,username,anonymous

[auth-tpl](!)
type=auth
auth_type=userpass

[trunk-auth]
type=auth
auth_type=userpass
username=49406110
password=seCdTb4H2FQ6

[201](endpoint-tpl)
auth=auth201
aors=201
[auth201](auth-tpl)
username=201
password=201empfang

[202](endpoint-tpl)
auth=auth202
[auth202](auth-tpl)
username=202
auth_type=md5
md5_cred=2b4ed74008d9190457f5916e240095f3
; password=werkstatt!202

[transport-tls]
type=transport
protocol=tls
cert_file=/secrets/pbx.crt
priv_key_file=/secrets/pbx.key
EOF
      }

      template {
        destination = "local/manager.conf"
        data        = <<EOF
[general]
enabled = yes
port = 5038

[cti]
secret = klingelingeling
permit = 10.8.0.0/255.255.0.0
read = system,call,log
authtimeout = 30
EOF
      }

      template {
        destination = "local/ari.conf"
        data        = <<EOF
[general]
enabled = yes
[dialer]
type = user
read_only = no
password = $6$H5H7P1dx$6qNjcJjpWRxgfT4X2BtA7v7hacTaJBhwjSUd3FLO16tWT2N7vRHF5JBZHi4/2tNEZrXWWBtJzbpcLPwpu0fFJm
password_format = crypt
EOF
      }

      template {
        destination = "local/voicemail.conf"
        data        = <<EOF
[general]
format = wav
minpassword = 4
passwordlocation = spooldir
[default]
201 => 7319,Empfang,empfang@nordring.net
202 => 0408,Werkstatt,werkstatt@nordring.net,,delete=yes
EOF
      }

      template {
        destination = "local/http/snom-D785.xml"
        data        = <<EOF
<?xml version="1.0" encoding="utf-8"?>
<settings>
  <phone-settings>
    <admin_mode_password perm="RW">0000</admin_mode_password>
    <http_user perm="R">admin</http_user>
    <http_pass perm="R">Sn0mSn0m</http_pass>
    <user_pass idx="1" perm="RW">201empfang</user_pass>
    <dkey_retrieve perm="">speed ext.*97</dkey_retrieve>
    <fkey idx="0" context="active" label="Licht" perm="">line</fkey>
    <settings_refresh_timer perm="">86400</settings_refresh_timer>
    <hide_identity perm="">off</hide_identity>
  </phone-settings>
</settings>
EOF
      }

      env {
        RTP_START            = "10000"
        AMI_SECRET_FILE      = "/local/manager.conf"
        SIP_REALM            = "pbx.nordring.net"
        TURN_STATIC_AUTH     = "turn.nordring.net:3478"
        TURN_STATIC_AUTH_SECRET = "0c7e85aa6612d08cc4f42af707b7b542e5d6e6c28b0fa8afcdaf372d7641fcfc"
        DTMF_KEYPRESS_TIMEOUT   = "4000"
        TWILIO_ACCOUNT_SID   = "ACb23a4b9eaf60d3345833fc5b632a1d78"
        TWILIO_AUTH_TOKEN    = "ffd67349ff96e4b86d3684028ace6fb8"
      }
    }
  }
}
