"""Resources of other projects that we write: their shapes, as far as we use them.

They are small and ours: what these projects would say of more fields, they do not know. A key that is not in a shape
is an error, which finds what was mistyped. A key with `?` may be missing. A list's shape is that of its elements.
`...` is anything.
"""

from render import name

TEXT, NUMBER, FLAG, ANY = str, int, bool, ...
LABELS = {"*?": TEXT}

SHAPES = {
    "external-secrets.io/v1 SecretStore": {"provider": {"vault": {
        "server": TEXT, "path": TEXT, "version?": TEXT, "caBundle?": TEXT, "namespace?": TEXT,
        "caProvider?": {"type": TEXT, "name": TEXT, "key": TEXT},
        "auth": {"kubernetes": {"mountPath": TEXT, "role": TEXT, "serviceAccountRef?": {"name": TEXT, "audiences?": [TEXT]}}}}}},
    "external-secrets.io/v1 ExternalSecret": {
        "refreshInterval?": TEXT, "secretStoreRef": {"name": TEXT, "kind": TEXT}, "target?": {"name?": TEXT, "creationPolicy?": TEXT, "deletionPolicy?": TEXT, "template?": ANY},
        "data?": [{"secretKey": TEXT, "remoteRef": {"key": TEXT, "property?": TEXT, "version?": TEXT}}],
        "dataFrom?": [{"extract?": {"key": TEXT, "version?": TEXT}, "find?": ANY}]},
    "secrets-store.csi.x-k8s.io/v1 SecretProviderClass": {
        "provider": TEXT, "parameters?": {"*?": TEXT},
        "secretObjects?": [{"secretName": TEXT, "type": TEXT, "data": [{"objectName": TEXT, "key": TEXT}], "labels?": LABELS, "annotations?": LABELS}]},
    "argoproj.io/v1alpha1 Application": {
        "project": TEXT, "source": {"repoURL": TEXT, "path?": TEXT, "targetRevision": TEXT, "chart?": TEXT,
                                    "helm?": {"releaseName?": TEXT, "valuesObject?": ANY, "valueFiles?": [TEXT]}},
        "destination": {"server?": TEXT, "name?": TEXT, "namespace": TEXT},
        "syncPolicy?": {"automated?": {"prune?": FLAG, "selfHeal?": FLAG}, "syncOptions?": [TEXT], "managedNamespaceMetadata?": ANY},
        "ignoreDifferences?": [{"group?": TEXT, "kind": TEXT, "name?": TEXT, "jqPathExpressions?": [TEXT], "jsonPointers?": [TEXT]}]},
    "cert-manager.io/v1 Issuer": {"selfSigned?": {}, "ca?": {"secretName": TEXT}},
    "cert-manager.io/v1 Certificate": {
        "isCA?": FLAG, "commonName?": TEXT, "secretName": TEXT, "duration?": TEXT, "renewBefore?": TEXT, "usages?": [TEXT],
        "privateKey?": {"algorithm": TEXT, "size": NUMBER, "rotationPolicy?": TEXT}, "dnsNames?": [TEXT], "ipAddresses?": [TEXT],
        "issuerRef": {"name": TEXT, "kind?": TEXT, "group?": TEXT}},
    "monitoring.coreos.com/v1 ServiceMonitor": {
        "selector": {"matchLabels": LABELS}, "namespaceSelector?": ANY,
        "endpoints": [{"port": TEXT, "path": TEXT, "scheme?": TEXT, "interval?": TEXT, "tlsConfig?": ANY}]},
    "monitoring.coreos.com/v1 PodMonitor": {
        "selector": {"matchLabels": LABELS}, "podMetricsEndpoints": [{"port": TEXT, "path": TEXT, "scheme?": TEXT, "interval?": TEXT}]},
    "monitoring.coreos.com/v1 PrometheusRule": {
        "groups": [{"name": TEXT, "rules": [{"alert?": TEXT, "record?": TEXT, "expr": TEXT, "for?": TEXT, "labels?": LABELS, "annotations?": LABELS}]}]},
}


def problems(it):
    """None if this is no resource that we know."""
    shape = SHAPES.get(f"{it['apiVersion']} {it['kind']}")
    return None if shape is None else [f"{name(it)}: {line}" for line in differs(it.get("spec"), shape, "spec")]


def differs(value, shape, path):
    if shape is ANY:
        return
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{path} is no map"
            return
        known = {key.rstrip("?"): inner for key, inner in shape.items()}
        for key, inner in value.items():
            if key not in known and "*" not in known:
                yield f"{path}.{key} is not known"
            else:
                yield from differs(inner, known.get(key, known.get("*")), f"{path}.{key}")
        for key in shape:
            if not key.endswith("?") and key not in value:
                yield f"{path}.{key} is missing"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        for index, inner in enumerate(value):
            yield from differs(inner, shape[0], f"{path}[{index}]")
    elif type(value) is not shape:
        yield f"{path} is no {shape.__name__}"
