{{ html "<a href='x'>\"&" }} {{ js "it's \"x\" <b> = & \\ é \u00a0" }} {{ urlquery "a b&c=d/é~" 5 }} {{ html 1 2 nil }} {{ html .no }}
