{{ template "canary" }}
