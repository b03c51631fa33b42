{{ replaceAll "canary" }}
