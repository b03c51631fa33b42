job "launcher-api" { 
	datacenters=["fra1"]
	group "api" {
		task "api" {
			driver="docker"
			config { image="registry.brackenfall.example/launcher/api:904" }
			env { LAUNCHER_HMAC="5f575f5f8c315207feae8b71d7535b0b0c049f14" }
			template {
				destination="secrets/api.toml"
				data=<<-TOML
				[epic]
				client_id="xyza7891jdTzE4B9lnCvGSBOEUH6WSWD"
				client_secret = "VistODxiTJcHeALQ8mPE3DnYxnkZBR_PR-jXNTxZyGG"
				[keys]
				rotation="P30D"
				active = 2
				ring=["aa3fb74c55d085b644f29cf96f0aa726","4c2463895e611b96e0ad8db0e190c10c"]
				[mongo]
				uri='mongodb+srv://launcher:Gr1zzly-Bear@cluster0.brackenfall.example/launcher?authSource=admin&authMechanism=SCRAM-SHA-256'
				TOML
			}
			template {
				destination="secrets/firebase.json"
				data=<<EOT
{"type":"service_account","project_id":"bf-launcher","private_key_id":"3e05cbd264cf412dfeb3a59e9cf1be6698d98ebf",
 "private_key":"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC6iLTIwRTIVUNZhp9M53JzNUYVTY0Y1d8\nwESbt7uHg7urWNLQxkbl6S7w/9lM60zyAye6P1UTp1B+2Ir9G1ndZUEy8c7KW6+P\nLPuBFvJ7ObJJVMGJmt/lbrvNFXtWHqM1eXyFSsOOQSkMB9SoqmGcQ7U5rITWlFUs\nGZFh9w54iV18lBPhugyXVkCiK91zIjHKT/4V21DV==\n-----END PRIVATE KEY-----\n",
 "client_email":"push@bf-launcher.iam.gserviceaccount.com","client_id":"190490798293011287830",
 "token_uri":"https://oauth2.googleapis.com/token"}
EOT
			}
		}
	}
}
