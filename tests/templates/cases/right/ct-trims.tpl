[{{ trim "xy" "xxaybxy" }}] [{{ trimPrefix "ab" "abab" }}] [{{ trimSuffix "ab" "abab" }}] [{{ " a b\n" | trimSpace }}] [{{ "/a/" | trim "/" }}]
