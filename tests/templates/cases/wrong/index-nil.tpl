{{ index nil "canary" }}
