{{ `{"a":["canary",null]}` | parseJSON | toTOML }}
