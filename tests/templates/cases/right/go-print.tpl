{{ print 1 2 "a" "b" 3 4 }}|{{ print "a" 1 }}|{{ println "x" 1 nil }}|{{ print nil }}|{{ print true false }}|{{ print 1.0 "x" 2.5 }}
