{{ range loop "canary" }}x{{ end }}
