{{ 1 | "canary" }}
