{{ "a.b.c" | replaceAll "." "-" }} {{ replaceAll "" "_" "ab" }} {{ "aab" | regexReplaceAll "a+" "<$0>" }} {{ "x=1,y=2" | regexReplaceAll "(\\w)=(\\d)" "${2}=$1" }}
