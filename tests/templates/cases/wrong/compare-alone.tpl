{{ eq "canary" }}
