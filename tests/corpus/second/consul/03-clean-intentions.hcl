Kind = "service-intentions"
Name = "secrets-api"
Sources = [
  {
    Name   = "token-service"
    Action = "allow"
    JWT    = { Providers = [{ Name = "auth0", VerifyClaims = [{ Path = ["perms"], Value = "secrets:read" }] }] }
  }
]
