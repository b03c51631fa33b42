{{ $canary }}
