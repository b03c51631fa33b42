{{/* canary
