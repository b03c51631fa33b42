{{ `{"l":[1,[2,3],{"a":1,"b":[]},[{"x":1}],null,"s"],"m":{"deep":{"deeper":["x"]}},"e":{},"n":[]}` | parseJSON | toYAML }}
