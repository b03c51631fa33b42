{{ sprig_osBase "a/b.txt" }} {{ sprig_osDir "/a/b" }} {{ sprig_osClean "a/./b/../c" }} {{ sprig_osExt "x.y" }} {{ sprig_osIsAbs "a" }}
