# What the secret plugin knows: /opt/nomad/plugins/common/secrets/strongroom.hcl, root's, mode 0600.
address = "https://strongroom.example.com:8200"
ca_cert = "/etc/nomad.d/strongroom-ca.pem"

# Who the node is. Also: cert, jwt, token.
auth "approle" {
  role_id_file   = "/etc/strongroom/node-role-id"
  secret_id_file = "/etc/strongroom/node-secret-id"
}

# What a job may read: its own folder, and what all jobs share. This is also what holds without this line, but for the
# second folder.
paths = ["secret/{{namespace}}/{{job}}", "secret/shared"]

# The server holds each job to a policy of its own as well: nomad/NAMESPACE/JOB.
# token_role = "nomad"
