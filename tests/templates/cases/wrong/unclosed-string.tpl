{{ "canary }}
