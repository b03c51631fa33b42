{{ ("canary" }}
