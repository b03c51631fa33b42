{{ canary_function "x" }}
