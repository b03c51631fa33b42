{{ "canary" | parseFloat }}
