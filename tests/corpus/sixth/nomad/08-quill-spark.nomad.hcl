job "quill-spark-sessionize" {
  datacenters = ["fra1"]
  type        = "batch"

  group "driver" {
    task "submit" {
      driver = "docker"

      config {
        image      = "registry.quillmetrics.io/spark:3.5.3"
        entrypoint = ["/opt/spark/bin/spark-submit"]
        args = [
          "--master", "spark://spark-master.service.fra.consul:7077",
          "--conf", "spark.authenticate=true",
          "--conf", "spark.authenticate.secret=2d6582e5d6fd829ee012330e2701e9ef7555e61e398088f0",
          "--conf", "spark.hadoop.fs.s3a.access.key=AKIAYPDVQZ2TWU6WKB53",
          "--conf", "spark.hadoop.fs.s3a.secret.key=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",
          "--conf", "spark.ssl.keyStore=/secrets/keystore.p12",
          "--conf", "spark.ssl.keyStorePassword=changeit",
          "--conf", "spark.redaction.regex=(?i)secret|password|token|access[.]key",
          "--conf", "spark.sql.shuffle.partitions=400",
          "--class", "io.quill.Sessionize",
          "/app/sessionize.jar",
          "--jdbc-url", "jdbc:postgresql://wh.quillmetrics.io/wh?user=spark&password=f0nd%26ue-3&ssl=true",
          "--sink-token=dapi0f0131b7daa6d91b56635dfea6e9ddbd",
          "--key-column=session_key",
          "--salt-buckets=32",
        ]
      }

      template {
        destination = "local/conf/spark-defaults.conf"
        data        = <<EOF
spark.eventLog.enabled                      true
spark.io.encryption.enabled                 true
spark.io.encryption.keySizeBits             256
spark.network.crypto.enabled                true
spark.kubernetes.authenticate.driver.serviceAccountName spark-sa
spark.ui.filters                            org.quill.BasicAuthFilter
spark.org.quill.BasicAuthFilter.param.user  ui
spark.org.quill.BasicAuthFilter.param.pass  Z1mtschnecke
spark.hadoop.fs.azure.account.key.quilllake.dfs.core.windows.net vLqsHaf8jZtO2FdkfAdqKpFesn2gFIyzGQ7wdayLLm+/NJC0R0RKenXD+EIMj57pR0RJy7BnSLGCxWvxbqXnog==
spark.hadoop.fs.s3a.aws.credentials.provider org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider
EOF
      }

      template {
        destination = "local/conf/hive-site.xml"
        data        = <<EOF
<?xml version="1.0"?>
<configuration>
  <property>
    <name>javax.jdo.option.ConnectionURL</name>
    <value>jdbc:mysql://hive-db.service.fra.consul:3306/metastore?useSSL=true</value>
  </property>
  <property>
    <name>javax.jdo.option.ConnectionPassword</name>
    <value>Bienen&amp;Stock4</value>
  </property>
  <property>
    <name>hive.metastore.token.signature</name>
    <value>quill-metastore</value>
  </property>
  <property>
    <name>hive.server2.authentication</name>
    <value>LDAP</value>
  </property>
  <property>
    <name>hadoop.security.credential.provider.path</name>
    <value>jceks://file/secrets/hive.jceks</value>
  </property>
  <property><name>fs.s3a.encryption.key</name><value>arn:aws:kms:eu-central-1:718203449120:key/d39784d0-513b-44be-8b21-64c31a4cef84</value></property>
  <!-- <property><name>fs.s3a.secret.key</name><value>vrECeOzecXqclCRcpUwJj8KllRqTgpTp8tJZGdWX</value></property> -->
</configuration>
EOF
      }
    }
  }
}
