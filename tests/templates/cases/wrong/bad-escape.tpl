{{ "\canary" }}
