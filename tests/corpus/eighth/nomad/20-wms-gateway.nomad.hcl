job "wms-gateway" {
  datacenters = ["ist-gebze", "izmir"]

  group "gw" {
    task "importer" {
      driver = "exec"
      user   = "wms"

      config {
        command = "/bin/bash"
        args    = ["-lc", "cd /opt/wms && sqlplus -S wms_app/Depo_Rampa7@//ora01:1521/WMS @sevkiyat.sql && smbclient //dosya/edi -U 'LOJISTIK\\edi%K0li.Paket' -c 'put out.csv'"]
      }
    }

    task "dotnet" {
      driver = "docker"
      config {
        image = "registry.lojistik.example/wms/terminal:3.0.17"
      }
      env {
        ConnectionStrings__Wms = "Server=tcp:sql02,1433;Database=WMS;User Id=terminal;Password=El-T3rminali;Encrypt=True"
        ConnectionStrings__Reports = "Server=sql03;Database=RAPOR;Integrated Security=SSPI;Persist Security Info=False"
      }
    }
  }
}
