{{ "canary" ! }}
