"""Each rule, and manifests that break it: a rule that does not see its own breach has shown nothing.

A breach is called by the rule that has to find it, and changes the objects of one rendering of `everything`.
"""

from render import component, containers, pods


def pod(objects, which):
    return next(template for it, _, template in pods(objects) if it == which)


def first(objects, which):
    return next(it for ends, it in containers(pod(objects, which)) if not ends)


def one(objects, kind, which=None):
    return next(it for it in objects if it["kind"] == kind and which in (None, component(it)))


def drop(objects, kind, which=None):
    objects.remove(one(objects, kind, which))


def put(place, **values):
    place.update(values)


BREACHES = [
    ("references", lambda o: drop(o, "ServiceAccount", "csi")),
    ("references", lambda o: drop(o, "ConfigMap")),
    ("references", lambda o: drop(o, "Role")),
    ("references", lambda o: put(one(o, "RoleBinding")["subjects"][0], name="other")),
    ("references", lambda o: put(one(o, "MutatingWebhookConfiguration")["webhooks"][0]["clientConfig"]["service"], name="other")),
    ("references", lambda o: put(one(o, "StatefulSet")["spec"], serviceName="other")),
    ("mounts", lambda o: put(first(o, "csi")["volumeMounts"][0], name="other")),
    ("mounts", lambda o: pod(o, "webhook")["spec"]["volumes"].append({"name": "idle", "emptyDir": {}})),
    ("mounts", lambda o: put(first(o, "csi")["volumeMounts"][0], mountPath=first(o, "csi")["volumeMounts"][1]["mountPath"])),
    ("selectors", lambda o: put(one(o, "Service", "webhook")["spec"]["selector"], **{"app.kubernetes.io/component": "other"})),
    ("selectors", lambda o: put(one(o, "Service", "webhook")["spec"]["ports"][0], targetPort="other")),
    ("selectors", lambda o: put(one(o, "NetworkPolicy", "server")["spec"]["ingress"][0]["ports"][0], port=1)),
    ("selectors", lambda o: put(one(o, "DaemonSet", "csi")["spec"]["selector"]["matchLabels"], more="yes")),
    ("labels", lambda o: one(o, "Service")["metadata"].pop("namespace")),
    ("labels", lambda o: one(o, "CSIDriver")["metadata"]["labels"].pop("app.kubernetes.io/instance")),
    ("credentials", lambda o: o.append({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s", "labels": {}}})),
    ("credentials", lambda o: put(one(o, "ConfigMap")["data"], more="-----BEGIN EC PRIVATE KEY-----")),
    ("credentials", lambda o: first(o, "csi")["env"].append({"name": "VAULT_TOKEN", "value": "x"})),
    ("credentials", lambda o: put(first(o, "csi")["env"][0], value="https://user:word@host")),
    ("keys", lambda o: next(it for it in pod(o, "csi")["spec"]["volumes"] if it["name"] == "ca")["secret"].pop("items")),
    ("images", lambda o: put(first(o, "csi"), image="strongroom/strongroom")),
    ("images", lambda o: put(first(o, "csi"), image="strongroom/strongroom:latest")),
    ("probes", lambda o: first(o, "webhook").pop("livenessProbe")),
    ("probes", lambda o: put(first(o, "webhook")["readinessProbe"]["httpGet"], port=1)),
    ("resources", lambda o: first(o, "provider")["resources"]["limits"].clear()),
    ("confined", lambda o: first(o, "webhook")["securityContext"].pop("readOnlyRootFilesystem")),
    ("confined", lambda o: put(first(o, "webhook")["securityContext"], privileged=True)),
    ("confined", lambda o: put(first(o, "webhook")["securityContext"], capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
    ("confined", lambda o: pod(o, "server")["spec"]["securityContext"].pop("runAsNonRoot")),
    ("confined", lambda o: pod(o, "server")["spec"]["securityContext"].pop("seccompProfile")),
    ("confined", lambda o: put(pod(o, "csi")["spec"], hostNetwork=True)),
    ("host", lambda o: put(pod(o, "csi")["spec"]["volumes"][0], hostPath={"path": "/"})),
    ("host", lambda o: put(first(o, "csi")["volumeMounts"][0], mountPropagation="Bidirectional")),
    ("rbac", lambda o: one(o, "Role")["rules"][1]["verbs"].append("list")),
    ("rbac", lambda o: one(o, "Role")["rules"][1].pop("resourceNames")),
    ("rbac", lambda o: put(one(o, "ClusterRoleBinding", "server")["roleRef"], name="system:masters")),
    ("tokens", lambda o: pod(o, "csi")["spec"].pop("automountServiceAccountToken")),
    ("tokens", lambda o: one(o, "ServiceAccount").pop("automountServiceAccountToken")),
    ("scope", lambda o: one(o, "MutatingWebhookConfiguration")["webhooks"][0].pop("matchConditions")),
    ("scope", lambda o: one(o, "MutatingWebhookConfiguration")["webhooks"][0]["namespaceSelector"]["matchExpressions"].pop(0)),
    ("scope", lambda o: put(one(o, "MutatingWebhookConfiguration")["webhooks"][0]["rules"][0], resources=["*"])),
    ("driver", lambda o: put(one(o, "CSIDriver")["spec"], podInfoOnMount=False)),
    ("driver", lambda o: one(o, "CSIDriver")["spec"].pop("tokenRequests")),
    ("driver", lambda o: put(one(o, "CSIDriver")["metadata"], name="csi.other.dev")),
]

# What the schema has to find, in Kubernetes' own resources and in those of others.
MISSHAPEN = [
    lambda o: put(one(o, "StatefulSet")["spec"], replica=1),
    lambda o: put(one(o, "StatefulSet")["spec"], replicas="one"),
    lambda o: one(o, "DaemonSet")["spec"].pop("selector"),
    lambda o: put(first(o, "csi"), ports=[{"name": "health"}]),
    lambda o: put(one(o, "CSIDriver")["spec"], tokenRequests=[{"audiences": ["vault"]}]),
    lambda o: one(o, "Certificate")["spec"].pop("secretName"),
    lambda o: put(one(o, "Issuer")["spec"], selfSinged={}),
]
