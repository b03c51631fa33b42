{{ indent -1 "canary" }}
