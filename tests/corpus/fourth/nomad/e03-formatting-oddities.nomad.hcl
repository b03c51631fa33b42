variable pwd { default="O3v*MaHfgheh" }
job "odd-ünïcode" {
  datacenters = ["zürich"]
group "g" {
task "t" {   
driver="docker"
config {
image="x:1"
args=["-pXHBvbd5vE","--auth=user:sorrel3168","--key","k.pem","-Dtoken=46da183eaa68b675e3e14ec5aff2752d","--no-password","--password-stdin"]
}
env   =   {
	api_key=		"92b0ff68e745263c7b8014dd48d067be7a7a1577"
	"PASS" : "Mistral-Wren.42",
	Clé_Secrète = "S3Z5pIMj5LoIlr69tw8/EA8CJoJGViGk"
	QUOTED = "{\"db\":{\"password\":\"fcIgL\\\"ikyKS\"},\"ttl\":\"30s\"}"
	TAB = "user\t9imFZ154sFT\tadmin"
	MULTI = "PASSWORD=Copper2021\nUSER=otto\nTOKEN=${env["T"]}\n"
	LONG = "--a=1 --b=2 --c=3 --log-level=info --feature-gates=TokenRequest=true,SecretStore=false --bind=0.0.0.0 --peer=10.0.0.1 --peer=10.0.0.2 --peer=10.0.0.3 --cluster-secret=a36ab8c7939870bf0a151a50ffb9d551157c63def7f3b883172adc8fff564a13 --data=/var/lib/x --retention=30d"
	DOLLARS = "$${bipsal}215"
	NAME_ONLY = "DB_PASSWORD"
	PREFIXED = "Bearer qy2b2PRAL6sRbtSlvRdnuWmTD3Chpkhy5Q1dvwfmuWM"
	MASKED = "••••••••"
	GERMAN_HINT = "bitte Passwort beim Admin erfragen"
}
}
}
}
