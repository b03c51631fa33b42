PASSWORD={{ (secret "kv/app/db").Data.password }}
KEY={{ (secret "secret/web/config").Data.data.api_key }}
