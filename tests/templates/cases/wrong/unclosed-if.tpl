{{ if true }}canary
