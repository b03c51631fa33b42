{{ executeTemplate "canary" }}
