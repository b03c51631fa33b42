{{ 12canary }}
