{{ "canary" | sha256Hex }}
{{ "canary" | md5sum }}
{{ hmacSHA256Hex "message" "key" }}
