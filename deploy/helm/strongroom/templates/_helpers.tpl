{{/* The name of everything: the release's, with the chart's where it does not say it already. */}}
{{- define "strongroom.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 48 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* A component's name; the server has the plain one. Takes a list: root, component. */}}
{{- define "strongroom.component" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}
{{- include "strongroom.fullname" $root }}{{ if ne $component "server" }}-{{ $component }}{{ end }}
{{- end }}

{{/* What selects a component's pods. */}}
{{- define "strongroom.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "strongroom.labels" -}}
{{- $root := index . 0 -}}
{{ include "strongroom.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{/* An image by its whole name. Takes a list: root, image. */}}
{{- define "strongroom.image" -}}
{{- $image := index . 1 -}}
{{ $image.repository }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}
{{- end }}

{{/* Whether this release has a server: "true" or nothing. */}}
{{- define "strongroom.hasServer" -}}
{{- if and .Values.server.enabled (not .Values.global.externalVaultAddr) }}true{{ end }}
{{- end }}

{{- define "strongroom.scheme" -}}
{{- if .Values.global.tlsDisable }}http{{ else }}https{{ end }}
{{- end }}

{{/* The server's name inside the cluster. */}}
{{- define "strongroom.host" -}}
{{ include "strongroom.fullname" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* Whom clients ask. */}}
{{- define "strongroom.address" -}}
{{- if .Values.global.externalVaultAddr }}{{ .Values.global.externalVaultAddr }}
{{- else }}{{ include "strongroom.scheme" . }}://{{ include "strongroom.host" . }}:{{ .Values.server.service.port }}
{{- end }}
{{- end }}

{{- define "strongroom.tlsSecret" -}}
{{ .Values.global.tls.secretName | default (printf "%s-tls" (include "strongroom.fullname" .)) }}
{{- end }}

{{/* Whether clients need an authority's certificate: an external server may have one that the machine knows. */}}
{{- define "strongroom.hasAuthority" -}}
{{- if hasPrefix "https://" (include "strongroom.address" .) }}true{{ end }}
{{- end }}

{{/* The volume with the authority's certificate, and never with a key. */}}
{{- define "strongroom.authorityVolume" -}}
- name: ca
{{- if .Values.global.tls.caConfigMap }}
  configMap:
    name: {{ .Values.global.tls.caConfigMap }}
    items: [{key: {{ .Values.global.tls.caKey }}, path: ca.crt}]
{{- else }}
  secret:
    secretName: {{ .Values.global.tls.caSecret | default (include "strongroom.tlsSecret" .) }}
    items: [{key: {{ .Values.global.tls.caKey }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "strongroom.serverAccount" -}}
{{- if .Values.server.serviceAccount.create }}{{ .Values.server.serviceAccount.name | default (include "strongroom.fullname" .) }}
{{- else }}{{ required "server.serviceAccount.name: which account is there already?" .Values.server.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* A pod that nobody has reason to run as root. */}}
{{- define "strongroom.podSecurity" -}}
runAsNonRoot: true
runAsUser: 100
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "strongroom.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Variables by name, sorted: what they are does not hang on the order of a file. */}}
{{- define "strongroom.env" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* What is the same for every pod and can be left out. Takes a list: root, the component's values. */}}
{{- define "strongroom.scheduling" -}}
{{- $root := index . 0 }}{{ $values := index . 1 }}
{{- with $root.Values.global.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What cannot be meant. */}}
{{- define "strongroom.check" -}}
{{- if and (eq .Values.server.seal.type "keyfile") (include "strongroom.hasServer" .) (not .Values.server.seal.keyfile.secretName) }}
{{- fail "server.seal.keyfile.secretName: make a Secret with 32 random bytes and name it here" }}
{{- end }}
{{- if and .Values.global.tls.caConfigMap .Values.global.tls.caSecret }}
{{- fail "global.tls: either caConfigMap or caSecret" }}
{{- end }}
{{- if and (not (include "strongroom.hasServer" .)) (not .Values.global.externalVaultAddr) (or .Values.csi.enabled .Values.provider.enabled .Values.injector.enabled) }}
{{- fail "global.externalVaultAddr: there is no server in this release, and nobody to ask" }}
{{- end }}
{{- end }}
