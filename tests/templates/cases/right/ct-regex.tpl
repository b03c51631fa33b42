{{ "v1.2" | regexMatch "^v\\d+\\.\\d+$" }} {{ regexMatch "(?i)CANARY" "canary" }} {{ regexMatch "^\\w+$" "grün" }} {{ regexMatch "[[:alpha:]]+[^a-z]" "ab1" }} {{ "aXbXc" | regexReplaceAll "X" "$$" }}
