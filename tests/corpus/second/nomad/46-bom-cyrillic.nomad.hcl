// Пароль к базе меняем раз в квартал: см. регламент.
job "склад" {
  group "app" {
    task "app" {
      driver = "docker"
      config { image = "registry.example.net/sklad:3" }
      env {
        ПАРОЛЬ_БД      = "Жёлтый·Самовар·8"
        CONTRASENA     = "piña colada ×2"
        MYSQL_PASSWORT = "Straße nach Süden"
        密码            = "茶碗蒸し2024"
        EMOJI_SECRET   = "🐘🐘🐘-seven-🌵"
        WELCOME        = "Parola sbagliata? Riprova."
        TITLE          = "密码重置"
        DB_URL         = "postgres://склад:%D0%BA%D0%BE%D1%82-9@db/sklad"
      }
      /* старое: API_TOKEN = "19c331d23ba83811569b225a252d5897f4a11b0e" — удалить */
    }
  }
}
