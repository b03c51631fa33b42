"""What scenarios can use beside the two servers: an issuer of tokens and a Kubernetes cluster, both stand-ins, and
certificates for TLS clients.

The stand-ins are started when a scenario names them, serve both sides, and forget at the end of each scenario. The steps that
speak to them are done once and have no answer to compare; README.md has the list.
"""

import json
import shutil
import tempfile

import signing
from clients import Clients
from cluster import Cluster
from issuer import Issuer

CERTIFICATE_KEYS = {"authority", "certificate", "revoked", "by", "subject", "names", "usage", "extensions", "begins", "ends"}
STEP_KEYS = {"sign", "payload", "with", "header", "without", "stranger", "issuer", "cluster", "as"} | CERTIFICATE_KEYS


class StandIns:
    """The stand-ins of a run."""

    def __init__(self):
        self.folder, self.running, self.clients = None, {}, None

    def begin(self, scenario):
        """Starts what the scenario names; its variables."""
        variables = {}
        self.clients = None
        for name, kind in (("issuer", Issuer), ("cluster", Cluster)):
            if name not in needed(scenario):
                continue
            if name in self.running:
                self.running[name].begin()
            else:
                self.running[name] = kind(self.home())
            variables |= self.running[name].variables()
        return variables

    def home(self):
        if self.folder is None:
            self.folder = signing.authority(tempfile.mkdtemp(prefix="conformance-standins-"))
        return self.folder

    def run(self, step):
        """Does one step; what it gives, as variables."""
        given = None
        if "sign" in step or "payload" in step:
            given = self.running["issuer"].sign(step.get("sign", {}), step.get("with", "RS256"), step.get("header"), step.get("without", ()),
                                                step.get("payload"), step.get("stranger", False))
        elif CERTIFICATE_KEYS & step.keys():
            self.clients = self.clients or Clients(tempfile.mkdtemp(dir=self.home()))
            given = self.clients.run(step)
        elif "issuer" in step:
            self.running["issuer"].obey(step["issuer"])
        else:
            given = self.running["cluster"].obey(step["cluster"])
        return {step["as"]: given} if "as" in step else {}

    def client(self, step):
        """How a request is sent: None without TLS, else the file with certificate and key, or `""` to show none."""
        name = step.get("client")
        return self.clients.file(name) if name else name

    def complaints(self):
        """What the cluster was asked since the last call in a form that a real one would not take."""
        cluster = self.running.get("cluster")
        return cluster.take_complaints() if cluster else []

    def stop(self):
        for one in self.running.values():
            one.stop()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def needed(scenario):
    """Which stand-ins the steps of a scenario name, as a step of theirs or as a variable."""
    text, keys = json.dumps(scenario.steps), {key for step in scenario.steps for key in step}
    return {name for name, own in (("issuer", {"sign", "payload", "issuer"}), ("cluster", {"cluster"}))
            if own & keys or "${" + name in text}
