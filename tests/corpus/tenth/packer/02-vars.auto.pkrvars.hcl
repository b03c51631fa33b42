image_name    = "base-2024.08"
region        = "nbg1"

hcloud_token  = "IxpU3V3vr0o3oaaMJFE3GkqD7ON7FznIo9UliXNSZGwQOpCToYLhC61SmC7TCQyU"
root_password = "Sandpiper-Hod-1"
root_password_hash = "$6$ZTKatnAsJsPMvT9d$i5NeCO72aeNO9vrs3EuZsYVF6XypyjrUSWtNw2iZnOXuEMpRo3FrsW5XzQ61CPxNMtExzmnZsN3GT39fJGO3KQ"

registry = {
  host     = "registry.example.net"
  user     = "packer"
  password = "yg6UTlAzXYX78RuwsgnfXNRYQ5SX"
}

iso_checksum     = "sha256:1b0242a985c8d8abd1cc24cf6c9fbfb1d43c3e92f1ece736f86bef1eef284017"
apt_key_url      = "https://apt.example.net/key.asc"
ssh_host_key_alg = "ed25519"
keep_ssh_keys    = false
