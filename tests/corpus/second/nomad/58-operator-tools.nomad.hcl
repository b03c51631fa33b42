job "ops" {
  type = "sysbatch"
  group "ops" {
    task "kube" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", "kubectl --server=https://k8s.example.net --token=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiAiaW9pYXFmIiwgImlhdCI6IDE3MDE5OTgzMjd9.5wQAjUK4Bb0Axho-DYA48PZF6gg8812x-8_G8ZljDOs get pods && helm upgrade x ./x --set auth.password=mud-lark,auth.existingSecret=x-auth --set-string 'ingress.token=7bf19434f8e00dc67329c83a'"]
      }
    }
    task "aws" {
      driver = "raw_exec"
      config {
        command = "/bin/bash"
        args = ["-c", <<SH
aws configure set aws_access_key_id AKIA6GSMBZ2JZX25VK6L
aws configure set aws_secret_access_key 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
az login --service-principal -u 0fdc59e5-566f-4638-9737-3bf370e48fe5 -p QoX8Q~c5Sp3h5F6omrsc9WFer8v1gVWdYgBaeDGe --tenant cef7729e-881b-42c9-a736-01bee152e7c6
docker login -u ci -p reed-warbler registry.example.net
docker run -d -p 8080:80 -e MYSQL_ROOT_PASSWORD='bittern boom' -e MYSQL_DATABASE=x mysql:8
SH
        ]
      }
    }
    task "misc" {
      driver = "exec"
      config {
        command = "/local/misc.sh"
      }
      template {
        destination = "local/misc.sh"
        perms       = "755"
        data        = <<EOH
#!/bin/sh
sshpass -p 'moor hen 3' ssh -p 2222 root@10.0.0.5 reboot
SSHPASS=moorhen4 sshpass -e scp x root@10.0.0.6:
mount -t cifs //nas/share /mnt -o username=backup,password=corn_crake,uid=1000
smbclient //nas/share -U 'backup%corn_crake' -c ls
echo "root:Water/Rail" | chpasswd
useradd -m -p '$6$4h3nVmMbPxid$yD2iPPWy74BdJKzbd4yjklBtQslU4sbbQeiwiNvo3LhC/fKAG3erf.YgcKWH8AvYOoUvCVJvmL76VXpQ0sc5ea' ops
openssl enc -aes-256-cbc -pbkdf2 -pass 'pass:tern and tern' -in a -out b
openssl req -newkey rsa:2048 -passout file:/secrets/pass -out r.pem
gpg --batch --passphrase "godwit, black tailed" -c dump.sql
keytool -importkeystore -srcstoretype PKCS12 -srcstorepass curlew -deststorepass:env STOREPASS
ipmitool -I lanplus -H 10.0.0.9 -U ADMIN -P ADMIN chassis power status
influx config create -n x -u http://localhost:8086 -o ops -t h7lNukuaEy0HsX8s67YQLMvS-aMjbrguBq2fn4OVpJsZBCOVDaDAr4Esu1hUbB1pvXc7XOJf9on66bf9tL8thA==
redis-cli -h cache --user app --pass dunlin! --no-auth-warning ping
npm config set //registry.npmjs.org/:_authToken=npm_dkIcgeC4lBtLRxNK2ZBo0bD0MdfUTuJVVwIR
git -c http.extraHeader="Authorization: Basic Y2k6c2FuZGVybGluZw==" fetch
twine upload -u __token__ -p pypi-AgEIcHlwaS5vcmcU3gLfFsnEgTvN6wlu_oB1z8m4uCIhcq-7cPpZviI9uZ6VBNkkVyl2IU0Mne1Xncf8jhXqB dist/*
vault kv get -field=password kv/x
consul kv get -token 038e37e8-0421-4e25-8750-8209f10694b0 x
grep -q password= /etc/x && tr -d '\n' < /secrets/token
EOH
      }
    }
  }
}
