{{ template canary }}
