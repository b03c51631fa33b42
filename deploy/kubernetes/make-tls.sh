#!/bin/sh
# An authority for this server alone, and the server's certificate, as the Secret that the chart expects:
#
#   make-tls.sh [NAMESPACE [NAME [DAYS]]] | kubectl apply -f -
#
# The authority's key is kept nowhere: before the certificate ends, run it again and start the
# server's and the clients' pods anew. Where cert-manager is, let it do this (global.tls.certManager.enabled).
set -eu
namespace=${1:-strongroom} name=${2:-strongroom} days=${3:-365}
for word in "$namespace" "$name" "$days"; do
    case $word in *[!a-z0-9.-]* | '') echo "make-tls.sh: not a name: $word" >&2; exit 2 ;; esac
done

umask 077
# In memory, where the system has such a folder.
folder=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/tls.XXXXXX" 2>/dev/null || mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
cd "$folder"

curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
# shellcheck disable=SC2086 # several words
openssl req -x509 $curve -keyout ca.key -out ca.crt -days "$days" -subj "/CN=$name authority" \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>/dev/null
names="DNS:localhost,IP:127.0.0.1,IP:::1,DNS:$name-0.$name-internal.$namespace.svc"
for host in "$name" "$name.$namespace" "$name.$namespace.svc" "$name.$namespace.svc.cluster.local"; do names="$names,DNS:$host"; done
# shellcheck disable=SC2086
openssl req $curve -keyout tls.key -out tls.csr -subj "/CN=$name.$namespace.svc" 2>/dev/null
printf 'subjectAltName=%s\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' "$names" > tls.ext
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" -sha256 -extfile tls.ext -out tls.crt 2>/dev/null

cat <<END
apiVersion: v1
kind: Secret
metadata:
  name: $name-tls
  namespace: $namespace
type: kubernetes.io/tls
data:
  tls.crt: $(base64 < tls.crt | tr -d '\n')
  tls.key: $(base64 < tls.key | tr -d '\n')
  ca.crt: $(base64 < ca.crt | tr -d '\n')
END
