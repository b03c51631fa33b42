job "urls" {
  datacenters = ["dc1"]
  group "g" {
    task "api" {
      driver = "docker"
      config {
        image = "example/api:9"
        args = [
          "-mongo=mongodb+srv://api:Gk10Ms%40Eqpo3%2F8Fr@cluster0.ab1cd.mongodb.net/?retryWrites=true",
          "-nats", "nats://api:OQoo8urgFry6sO1Cm8oedY@nats-1:4222,nats://api:${NATS_PW}@nats-2:4222",
          "-es=https://es.service.consul:9200",
        ]
      }
      env {
        MYSQL_DSN      = "api:dHi9N74W@ZydZ@tcp(mysql.service.consul:3306)/api?parseTime=true&loc=Local"
        MSSQL_URL      = "sqlserver://sa:a46nnJT%21dXE@mssql:1433?database=api"
        AMQP_URL       = "amqp://guest:guest@rabbit:5672/%2F"
        REDIS_SENTINEL = "redis+sentinel://:f2852d62113b806ae57826c0@s1:26379,s2:26379/mymaster/0"
        KAFKA_BROKERS  = "kafka-1:9092,kafka-2:9092"
        CLICKHOUSE_DSN = "tcp://ch:9000?username=api&password=jZoiqdy9vupACDQN&database=api"
        COCKROACH_URL  = "postgresql://root@crdb:26257/api?sslmode=verify-full&sslkey=/secrets/client.root.key"
        PG_URL         = "postgres://postgres:postgres@db:5432/postgres"
        PG_TEST_URL    = "postgres://localhost/test"
        LDAP_URL       = "ldaps://ldap.example.net/dc=example?uid"
        NEO4J_AUTH     = "neo4j/quartz1091"
        INFLUX_URL     = "https://influx.example.net/write?u=api&p=CvgrG5Tot2kkY5"
        SMTP_URL       = "smtp://mailer%40example.net:NI*X0HWVxqM3vYdt@smtp.example.net:587"
        FTP_URL        = "ftp://anonymous@ftp.example.net/pub"
        PROXY          = "http://proxyuser:Saddle2026@proxy.corp.example.net:3128"
        NO_PROXY       = "10.0.0.0/8,.service.consul"
        SENTRY_DSN_OLD = "https://89604ff65bd5fa8f731ad6699c28fe2d:31b50442b3b48679c1cec548b2ef74de@sentry.example.net/4"
        GIT_SSH        = "ssh://git@git.example.net:2222/api.git"
        WS_URL         = "wss://ws.example.net/?channel=token"
        MEMCACHED_URL  = "memcached://mc-1.service.consul:11211"
        CALLBACK       = "https://app.example.net/cb?state={state}&token={token}"
        ELASTIC_CLOUD_ID = "prod:ZXUtd2VzdC0xLmF3cy5mb3VuZC5pbyRkMDEzMDAxZjI1MTMxNDNkNWZkM2I4MGU4NTEyNDc3YSRmMjZlYzEwODA1ZWRkZjM3YzNkYjlmMWMyMzkzNDhkYg=="
        ELASTIC_API_KEY  = "ZU0tQWlkVk1xSndTdkJ4X3dVRUE6NXcyd0czUzBVYUN5RENBUHZmNlV0dw=="
      }
    }
  }
}
