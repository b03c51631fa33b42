# DO NOT COMMIT
proxmox_api_token_id     = "root@pam!tf"
proxmox_api_token_secret = "d915b673-c80f-4b8b-b3a1-ff3cafb397e8"
vm_root_password         = "correct horse battery staple"
ssh_keys                 = ["ssh-rsa AAAAB3NzaC1yc2ET1p9mSluSxakMmyczjVbcrcncbLmAz97TWw9snzJBXd1ngIqPPY7qMaqfzD7 anna"]
cloudflare = {
  zone_id   = "90a60b4061b8bfa6f0bc0d6351ae0c71"
  api_token = "NTalW8rYjyI2ciQHcL3pdDSWhreKz196pOsyi6-m"
}
users = [
  { name = "anna", pw = "red-campion" },
  { name = "ben", pw = "REPLACE_ME" },
]
kubeconfig_path = "~/.kube/config"
smtp_password   = "ragged robin"
wifi_psk        = "bog asphodel 1"
psk_enabled     = true
slack_webhook   = "https://hooks.slack.com/services/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"
