{{ range split "|" "a:b|a: b|a #b|#a|- a|-a|?a|: a|a:|[a|a]|{a|!a|&a|*a|%a|@a|>a|, a|'a|\"a|a'b|a\"b|~|.5|5.|1e5|0x1f|0b1|0o7|1_0|+1|+.inf|.nan|<<|=|---|--- a|...|n|N|on|Off|True|NULL|1:2|1:60|2001-01-01|2001-1-1 10:00:00|a\\b|é|\u00a0" }}{{ . | toYAML }}
{{ end }}
