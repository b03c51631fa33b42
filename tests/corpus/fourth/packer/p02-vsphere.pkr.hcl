locals {
  vcenter_pw = vault("/kv/data/vcenter", "password")
  admin_pw   = "9iv3cPN.G_6G0o"
}
source "vsphere-iso" "win" {
  vcenter_server = "vc01.example.net"
  username       = "packer@vsphere.local"
  password       = local.vcenter_pw
  winrm_username = "Administrator"
  winrm_password = local.admin_pw
  cd_content = {
    "autounattend.xml" = <<EOF
<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <AutoLogon>
    <Password><Value>Garnet2023?</Value><PlainText>true</PlainText></Password>
    <Username>Administrator</Username>
  </AutoLogon>
  <UserData>
    <ProductKey><Key>13575-660EA-95626-F668F-07927</Key></ProductKey>
  </UserData>
  <component name="x" publicKeyToken="31bf3856ad364e35"/>
</unattend>
EOF
  }
  export { output_directory = "out" }
}
