{{ sprig_maxf 1.5 2 "3.25" }} {{ sprig_minf 1.5 0.5 }} {{ sprig_biggest 1 7 3 }} {{ sprig_round 2.5 0 }} {{ sprig_round -2.5 0 }} {{ sprig_hello }}{{ sprig_trimall "x" "xax" }}
