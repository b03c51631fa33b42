{{ $canary = 1 }}
