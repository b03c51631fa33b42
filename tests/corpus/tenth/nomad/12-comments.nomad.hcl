# The old password (before March) is in the team's vault under billing/old-password.
job "billing" {
  group "billing" {
    /*
     * To run it by hand:
     *   BILLING_DB_PASSWORD=Osier-21-Barge nomad job run billing.nomad.hcl
     * The token is rotated on the first of the month.
     */
    task "billing" {
      driver = "docker"

      config {
        image = "registry.example.net/billing:77" // password auth is off in this image
      }

      env {
        # DB_PASSWORD = "heron.Depot.6"
        DB_PASSWORD = "heron.Depot.7"
        // MAILGUN_API_KEY = "key-d3e47ca97d027c6512bb35120d72df83"
        MAIL_FROM   = "billing@example.net" # the API key belongs to Anna, ask her
        # example: AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        AWS_REGION  = "eu-west-1"
        /* LEGACY_TOKEN = "0362c82a3977e4fa96d1d4d84b49c6fc3815c347" */
        # format of the token: xoxb-<team>-<bot>-<secret>
        SLACK_TOKEN = "xoxb-531006680126-5036547986093-7Kq1uNECnJ8mRwU8Qhm7Wp2D"
        # postgres://billing:Yarrow-Mast@pg-old.example.net/billing   (until the move)
        DATABASE_NAME = "billing"
      }
    }
  }
}
