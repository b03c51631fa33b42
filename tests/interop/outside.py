"""What stands outside and vouches for machines: stand-ins for an issuer of tokens and for a Kubernetes cluster, and an
authority with the certificate of a client.

They are those of the conformance scenarios. A client finds them in its environment; tests.py says under which names.
"""

import shutil
import tempfile
from pathlib import Path

import signing
from clients import Clients
from cluster import Cluster
from issuer import Issuer

ACCOUNT = "prod/app"


class Outside:
    """Both stand-ins, and tokens of theirs that last longer than a run."""

    def __init__(self):
        self.folder = signing.authority(tempfile.mkdtemp(prefix="interop-outside-"))
        self.issuer, self.cluster = Issuer(self.folder), Cluster(self.folder)
        self.cluster.create(ACCOUNT)
        clients = Clients(self.folder)
        clients.authority("clients")
        clients.certificate({"certificate": "ann", "by": "clients", "subject": "/OU=ops/CN=ann.example", "names": "DNS:ann.example"})

    def environment(self):
        authority = str(Path(self.folder) / "ca.pem")
        claims = {"sub": "ann", "aud": "vault", "team": "blue", "groups": ["ops"], "exp": "now+7200"}
        return {
            "INTEROP_ISSUER": self.issuer.url, "INTEROP_ISSUER_CA": authority, "INTEROP_JWT": self.issuer.sign(claims),
            "INTEROP_CLUSTER": self.cluster.url, "INTEROP_CLUSTER_CA": authority, "INTEROP_REVIEWER": self.cluster.reviewer,
            "INTEROP_POD_JWT": self.cluster.issue(ACCOUNT, ["vault"], 7200),
            "INTEROP_CLIENT_CA": f"{self.folder}/clients.pem", "INTEROP_CLIENT_CERT": f"{self.folder}/ann.pem",
            "INTEROP_CLIENT_KEY": f"{self.folder}/ann.key"}

    def complaints(self):
        """What the cluster was asked in a form that a real one would not take."""
        return self.cluster.take_complaints()

    def stop(self):
        self.issuer.stop()
        self.cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
