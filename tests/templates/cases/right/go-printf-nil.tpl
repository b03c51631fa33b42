{{ printf "%v %s %d %T %q %+v %#v" nil nil nil nil nil nil nil }} {{ printf "%v" .missing }}
