{{ sprig_substr 9 12 "canary" }}
