winrm_username        = "Administrator"
winrm_password        = "S3cr3t0!"
autounattend_password = "bracken fern"
product_key           = "VK7JG-NPHTM-C97JM-9MPGT-3V66T"
winrm_use_ssl         = true
floppy_files          = ["answer/autounattend-password.xml"]
kms_key_alias         = "alias/packer"
aws_profile           = "images"
