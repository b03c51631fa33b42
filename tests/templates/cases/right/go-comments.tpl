{{/* one */}}a{{- /* two
lines */ -}} b {{/* three */ -}} c
