{{ $y := parseYAML "base: &b\n  x: 1\n  y: 2\nmore:\n  <<: *b\n  y: 3\ntext: |\n  a\n  b\nfold: >\n  c\n  d\n" }}{{ $y.more.x }}{{ $y.more.y }} {{ $y.text }}{{ $y.fold }}{{ toYAML $y }}
