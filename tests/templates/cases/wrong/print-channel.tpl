{{ loop 3 }}
