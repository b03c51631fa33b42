{{ `{"b":{"c":{"d":1,"list":[{"x":1},{"x":2}]},"a":"1"},"top":1.0,"arr":[[1,2],["a"]],"mixed":[1,{"k":"v"}],"empty":{}, "e m":"q"}` | parseJSON | toTOML }}
