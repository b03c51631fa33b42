{{ "not an action" }} [[ "an action" ]] [[- with secret "kv/app/db" ]] [[ .Data.port ]][[ end ]]
