job "backend" {
  group "api" {
    task "api" {
      driver = "docker"
      config { image = "registry.example.net/backend:22" }
      template {
        destination = "local/config.js"
        data        = <<EOJS
// see config.example.js
module.exports = {
  port: process.env.PORT || 3000,
  jwtSecret: "brie & crackers & brie",
  jwtOptions: { algorithm: "HS512", expiresIn: '7d' },
  session: { name: 'connect.sid', secret: ['keyboard cat', process.env.SESSION_KEY] },
  db: {
    host: 'localhost',
    password: process.env.DB_PASSWORD,
    readerPassword: `tick-tock-tick`,
  },
  mailer: { auth: { user: 'api', pass: 'n0.rep1y.please' } },
  recaptcha: { siteKey: "6LcVDveOdBfInUUvNrKVtRXVgNTcjQyNJPwqgoeW", secretKey: "6LcLgYh3mzlR44VavOG0m_o9QHha5yf8zgdVb2wb" },
  twilio: { accountSid: 'AC59396726b52b634897a8c1bf9d9ad0f2', authToken: '2392cd1d640f5d96ab6714da62b3b053' },
  passwordRegex: /^(?=.*\d).{8,}$/,
};
EOJS
      }
    }
  }
}
