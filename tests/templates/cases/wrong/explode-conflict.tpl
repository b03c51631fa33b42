{{ `{"a":"canary","a/b":1}` | parseJSON | explodeMap }}
