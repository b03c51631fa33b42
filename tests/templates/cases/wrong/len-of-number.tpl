{{ len 5 }}
