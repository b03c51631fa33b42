{{ with secret "kv/app/db" }}{{ .LeaseID }}|{{ .LeaseDuration }}|{{ .Renewable }}|{{ .Auth }}|{{ .WrapInfo }}|{{ .Warnings }}|{{ len .Data }}{{ end }}
