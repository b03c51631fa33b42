"""What must hold for all manifests. Each rule is a function from a `World` to lines that say what is wrong."""

import re

from render import component, containers, name, pods

RULES = {}


def rule(about):
    def keep(function):
        RULES[function.__name__] = (about, function)
        return function
    return keep


class World:
    """One rendering: its objects, what is there from outside, and what is allowed. `used` are entries that were needed."""

    def __init__(self, objects, outside=(), allowed=None, release="strongroom"):
        self.objects, self.outside, self.allowed, self.release = objects, set(outside), allowed or {}, release
        self.used, self.named = set(), set()

    def has(self, kind, called):
        """Whether an object is there; one from outside is then known to be needed."""
        self.named.add(f"{kind}/{called}")
        return f"{kind}/{called}" in self.outside or any(it["kind"] == kind and it["metadata"]["name"] == called for it in self.objects)

    def may(self, table, entry):
        """Another release has other names; the list is of the usual one's."""
        entry = re.sub(rf"(?<![\w.]){re.escape(self.release)}-strongroom\b", "strongroom", entry) if self.release != "strongroom" else entry
        if entry in self.allowed.get(table, {}):
            self.used.add((table, entry))
            return True
        return False

    def of(self, *kinds):
        return (it for it in self.objects if it["kind"] in kinds)


# ------------------------------------------------------------------ references

@rule("every Secret, ConfigMap, account, role, class and Service that is named is there")
def references(world):
    def named(kind, called, where):
        if not world.has(kind, called):
            yield f"{where} names {kind}/{called}, which is nowhere"
    for _, owner, template in pods(world.objects):
        spec, where = template["spec"], name(owner)
        yield from named("ServiceAccount", spec.get("serviceAccountName", "default"), where)
        for pull in spec.get("imagePullSecrets", []):
            yield from named("Secret", pull["name"], where)
        for volume in spec.get("volumes", []):
            if "secret" in volume:
                yield from named("Secret", volume["secret"]["secretName"], where)
            if "configMap" in volume:
                yield from named("ConfigMap", volume["configMap"]["name"], where)
        for _, container in containers(template):
            for variable in container.get("env", []):
                source = variable.get("valueFrom", {})
                for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                    if key in source:
                        yield from named(kind, source[key]["name"], where)
        if owner["kind"] == "StatefulSet":
            yield from named("Service", owner["spec"]["serviceName"], where)
    for it in world.of("RoleBinding", "ClusterRoleBinding"):
        if not it["roleRef"]["name"].startswith("system:"):
            yield from named(it["roleRef"]["kind"], it["roleRef"]["name"], name(it))
        for subject in it["subjects"]:
            yield from named(subject["kind"], subject["name"], name(it))
    for it in world.of("MutatingWebhookConfiguration"):
        for webhook in it["webhooks"]:
            yield from named("Service", webhook["clientConfig"]["service"]["name"], name(it))
    for it in world.of("Certificate"):
        yield from named(it["spec"]["issuerRef"].get("kind", "Issuer"), it["spec"]["issuerRef"]["name"], name(it))


@rule("every mount has its volume and every volume is mounted")
def mounts(world):
    for _, owner, template in pods(world.objects):
        volumes = {it["name"] for it in template["spec"].get("volumes", [])}
        volumes |= {it["metadata"]["name"] for it in owner.get("spec", {}).get("volumeClaimTemplates", [])}
        mounted = {it["name"] for _, container in containers(template) for it in container.get("volumeMounts", [])}
        for missing in sorted(mounted - volumes):
            yield f"{name(owner)} mounts {missing}, which is no volume of it"
        for idle in sorted(volumes - mounted):
            yield f"{name(owner)} has the volume {idle}, which nobody mounts"
        for _, container in containers(template):
            paths = [it["mountPath"] for it in container.get("volumeMounts", [])]
            for path in sorted({it for it in paths if paths.count(it) > 1}):
                yield f"{name(owner)} mounts two volumes at {path}"


@rule("selectors find pods, and the pods have the ports")
def selectors(world):
    templates = [(template["metadata"].get("labels", {}), template) for _, _, template in pods(world.objects)]
    def found(selector):
        return [template for labels, template in templates if selector.items() <= labels.items()]
    for it in world.of("Service", "NetworkPolicy", "PodDisruptionBudget"):
        spec = it["spec"]
        selector = spec["selector"] if it["kind"] == "Service" else spec.get("selector", spec.get("podSelector"))["matchLabels"]
        matched = found(selector)
        if len(matched) != 1:
            yield f"{name(it)} selects {len(matched)} kinds of pods"
            continue
        ports = {port for _, container in containers(matched[0]) for port in [*(p["name"] for p in container.get("ports", [])), *(p["containerPort"] for p in container.get("ports", []))]}
        wanted = [it.get("targetPort", it["port"]) for it in spec.get("ports", [])] if it["kind"] == "Service" else [port["port"] for way in spec.get("ingress", []) for port in way["ports"]]
        for port in wanted:
            if port not in ports:
                yield f"{name(it)} names the port {port}, which no container has"
    for _, owner, template in pods(world.objects):
        selector = owner.get("spec", {}).get("selector", {}).get("matchLabels")
        if selector and not selector.items() <= template["metadata"]["labels"].items():
            yield f"{name(owner)} does not select its own pods"


@rule("namespaced objects name the namespace, and all have the usual labels")
def labels(world):
    cluster_wide = {"CSIDriver", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration"}
    for it in world.objects:
        if (it["kind"] in cluster_wide) == ("namespace" in it["metadata"]):
            yield f"{name(it)}: wrong about its namespace"
        for label in ("name", "instance", "component", "version", "managed-by"):
            if f"app.kubernetes.io/{label}" not in it["metadata"].get("labels", {}):
                yield f"{name(it)} has no label app.kubernetes.io/{label}"


# --------------------------------------------------------------------- secrets

@rule("no credential in a manifest")
def credentials(world):
    for it in world.of("Secret"):
        yield f"{name(it)}: a Secret in a manifest is a secret in Git"
    def strings(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from strings(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from strings(inner, f"{path}[{index}]")
        elif isinstance(value, str):
            yield path, value
    for it in world.objects:
        for path, value in strings(it, name(it)):
            if re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(hvs|hvb|s|b)\.[A-Za-z0-9_-]{24,}|\bAKIA[0-9A-Z]{16}\b|://[^/\s:@]+:[^/\s:@]+@", value):
                yield f"{path} looks like a credential"
    for _, owner, template in pods(world.objects):
        for _, container in containers(template):
            for variable in container.get("env", []):
                if re.search(r"TOKEN|PASSWORD|PASSPHRASE|SECRET_ID|PRIVATE|CREDENTIAL", variable["name"]) and variable.get("value"):
                    yield f"{name(owner)}: {variable['name']} has a value in the manifest"


@rule("a private key is mounted where it is used, and no deeper")
def keys(world):
    for which, owner, template in pods(world.objects):
        for volume in template["spec"].get("volumes", []):
            secret = volume.get("secret")
            if not secret or which == "server":
                continue
            if [item["path"] for item in secret.get("items", [])] != ["ca.crt"]:
                yield f"{name(owner)} mounts more of Secret/{secret['secretName']} than the authority's certificate"


# ------------------------------------------------------------------ containers

@rule("images have a tag, and not latest")
def images(world):
    for _, owner, template in pods(world.objects):
        for _, container in containers(template):
            tag = re.fullmatch(r"[^:@]+(?::\d+/[^:@]+)?:([^:@]+)(@sha256:[0-9a-f]{64})?", container["image"])
            if not tag or tag.group(1) == "latest":
                yield f"{name(owner)}: image {container['image']}"


@rule("whatever goes on running is asked whether it is ready and alive")
def probes(world):
    for _, owner, template in pods(world.objects):
        for ends, container in containers(template):
            for probe in () if ends else ("readinessProbe", "livenessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                if port is None:
                    yield f"{name(owner)}: {container['name']} has no {probe}"
                elif not any(port in (it["containerPort"], it.get("name")) for it in container.get("ports", [])):
                    yield f"{name(owner)}: the {probe} of {container['name']} asks at {port}, which it does not have"


@rule("memory is limited, and what is needed is asked for")
def resources(world):
    for _, owner, template in pods(world.objects):
        for _, container in containers(template):
            found = container.get("resources", {})
            for what in ("requests.cpu", "requests.memory", "limits.memory"):
                part, unit = what.split(".")
                if unit not in found.get(part, {}):
                    yield f"{name(owner)}: {container['name']} has no {what}"


@rule("a container is a user without rights, on a file system that it cannot write, or stands in allowed.toml")
def confined(world):
    for which, owner, template in pods(world.objects):
        pod = template["spec"].get("securityContext", {})
        for unwanted in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            if template["spec"].get(unwanted):
                yield f"{name(owner)}: {unwanted}"
        if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name(owner)}: no seccomp profile"
        for _, container in containers(template):
            own, who = container.get("securityContext", {}), f"{which}/{container['name']}"
            if not own.get("readOnlyRootFilesystem"):
                yield f"{who} may write its file system"
            if own.get("privileged"):
                if not world.may("containers", f"{who} privileged"):
                    yield f"{who} is privileged"
            elif own.get("allowPrivilegeEscalation") is not False or own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
                yield f"{who} keeps rights"
            if own.get("runAsUser", pod.get("runAsUser", 0)) == 0 or not own.get("runAsNonRoot", pod.get("runAsNonRoot")):
                if not world.may("containers", f"{who} root"):
                    yield f"{who} may be root"


@rule("folders of the machine stand in allowed.toml")
def host(world):
    for which, owner, template in pods(world.objects):
        for volume in template["spec"].get("volumes", []):
            if "hostPath" in volume and not world.may("host", f"{which} {volume['hostPath']['path']}"):
                yield f"{name(owner)} has the machine's {volume['hostPath']['path']}"
        for _, container in containers(template):
            for mount in container.get("volumeMounts", []):
                if mount.get("mountPropagation") == "Bidirectional" and mount["name"] != "pods":
                    yield f"{name(owner)}: {mount['name']} is seen by the whole machine"


# ---------------------------------------------------------------------- rights

@rule("rights at the API server stand in allowed.toml, to the verb")
def rbac(world):
    for it in world.of("Role", "ClusterRole"):
        for line in it["rules"]:
            for group in line["apiGroups"]:
                for resource in line["resources"]:
                    for only in line.get("resourceNames", [None]):
                        entry = " ".join([component(it), "/".join(filter(None, [group, resource, only])), ",".join(sorted(line["verbs"]))])
                        if not world.may("rbac", entry):
                            yield f"{name(it)}: {entry}"
    for it in world.of("RoleBinding", "ClusterRoleBinding"):
        theirs = any(role["metadata"]["name"] == it["roleRef"]["name"] for role in world.of(it["roleRef"]["kind"]))
        entry = f"{component(it)} {it['roleRef']['kind']}/{it['roleRef']['name']}"
        if not theirs and not world.may("rbac", entry):
            yield f"{name(it)}: {entry}"


@rule("a pod has a token for the API server only if it stands in allowed.toml")
def tokens(world):
    accounts = {it["metadata"]["name"]: it for it in world.of("ServiceAccount")}
    for it in accounts.values():
        if it.get("automountServiceAccountToken") is not False:
            yield f"{name(it)}: every pod of it is given a token"
    for which, owner, template in pods(world.objects):
        # Nothing said means yes.
        if template["spec"].get("automountServiceAccountToken", True) and not world.may("tokens", which):
            yield f"{name(owner)} is given a token"


@rule("a webhook that stops pods is asked only about those that want it, and never about the cluster's own")
def scope(world):
    for it in world.of("MutatingWebhookConfiguration"):
        for webhook in it["webhooks"]:
            if not webhook.get("matchConditions"):
                yield f"{name(it)} is asked about every pod"
            kept = [set(line["values"]) for line in webhook["namespaceSelector"]["matchExpressions"] if line["operator"] == "NotIn"]
            if not any({"kube-system", it_namespace(world)} <= it for it in kept):
                yield f"{name(it)} is asked about the cluster's own pods, or its own"
            if webhook["clientConfig"].get("caBundle"):
                yield f"{name(it)} has an authority that will be another tomorrow"
            if [line["operations"] for line in webhook["rules"]] != [["CREATE"]] or webhook["rules"][0]["resources"] != ["pods"]:
                yield f"{name(it)} is asked about more than new pods"
            if webhook["sideEffects"] != "None" or webhook["timeoutSeconds"] > 10:
                yield f"{name(it)}: side effects, or a long wait"


def it_namespace(world):
    return next(it["metadata"]["namespace"] for it in world.of("Deployment", "Service"))


@rule("the node driver is told whose the volume is, and kubelet comes again")
def driver(world):
    for it in world.of("CSIDriver"):
        wanted = {"attachRequired": False, "podInfoOnMount": True, "volumeLifecycleModes": ["Ephemeral"], "requiresRepublish": True, "fsGroupPolicy": "None"}
        for key, value in wanted.items():
            if it["spec"].get(key) != value:
                yield f"{name(it)}: {key} is {it['spec'].get(key)}"
        if not it["spec"].get("tokenRequests"):
            yield f"{name(it)}: pods have no token for us"
        # Its folder is called by its name.
        for _, owner, template in pods(world.objects):
            if component(template) == "csi" and not any(volume.get("hostPath", {}).get("path", "").endswith(f"/plugins/{it['metadata']['name']}") for volume in template["spec"]["volumes"]):
                yield f"{name(owner)}: its socket is not where kubelet looks"
