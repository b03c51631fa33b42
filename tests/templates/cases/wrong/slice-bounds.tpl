{{ slice "canary" 4 2 }}
