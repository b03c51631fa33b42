{{ in (parseJSON "[1,2]") 1 }} {{ in (parseJSON "[1,2]") 1.0 }} {{ in (split "," "a,b") "b" }} {{ in 5 5 }}
