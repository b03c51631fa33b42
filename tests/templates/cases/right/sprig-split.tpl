{{ $s := sprig_split "." "a.b.c" }}{{ $s._0 }}{{ $s._2 }} {{ sprig_splitList "." "a.b" }} {{ (sprig_splitn "." 2 "a.b.c")._1 }} {{ sprig_toStrings (sprig_list 1 true) }}
