"""A stand-in for the API server of a Kubernetes cluster: strict about what it is asked, and small.

It knows namespaces, service accounts and their tokens, and answers on https at a loopback port as a real
API server does to these requests; whatever else is asked, or asked in another form, is a complaint:

    POST /apis/authentication.k8s.io/v1/tokenreviews
    POST /api/v1/namespaces/NS/serviceaccounts/NAME/token
    GET  /api/v1/namespaces/NS
    GET  /api/v1/namespaces/NS/serviceaccounts/NAME
    GET  /.well-known/openid-configuration, /openid/v1/jwks

What it does not know: access control beyond `may this account ask for reviews`, pods, and everything else.
"""

import datetime
import json
import re
import threading
import time
import uuid

import signing
from issuer import Answering, TlsServer

API_AUDIENCE = "https://kubernetes.default.svc.cluster.local"
REVIEWER = "kube-system/reviewer"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCOUNT = r"/api/v1/namespaces/([a-z0-9-]+)/serviceaccounts/([a-z0-9-]+)"
NAMESPACE = r"/api/v1/namespaces/([a-z0-9-]+)"
REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
           415: "UnsupportedMediaType", 422: "Invalid", 500: "InternalError"}


class Refusal(Exception):
    """An answer that is no success; `complaint` says that a right client would not have asked so."""

    def __init__(self, status, message, complaint=False):
        super().__init__(message)
        self.status, self.message, self.complaint = status, message, complaint


class Cluster:
    """The accounts, the tokens that were given out, and the server that answers for them."""

    def __init__(self, folder):
        self.lock, self.key = threading.RLock(), signing.Key("RSA", folder, "cluster")
        cluster = self

        class Handler(Answering):
            def do_GET(self):
                self.answer(*cluster.respond(self, "GET"))

            def do_POST(self):
                self.answer(*cluster.respond(self, "POST"))

        self.tls = TlsServer(Handler, folder)
        self.url = self.tls.url
        self.begin()

    def begin(self):
        """As it was at first, with the one account that may ask for reviews."""
        self.accounts, self.namespaces, self.tokens, self.complaints, self.asked = {}, {}, {}, [], []
        self.mood, self.prefix = "well", ""
        self.create(REVIEWER)
        self.accounts[REVIEWER]["reviews"] = True
        self.reviewer = self.issue(REVIEWER, [API_AUDIENCE], 7200)

    def variables(self):
        return {"cluster": self.url, "cluster_ca": self.tls.ca, "cluster_key": self.key.pem, "reviewer": self.reviewer}

    def take_complaints(self):
        with self.lock:
            taken, self.complaints = self.complaints, []
        return taken

    def stop(self):
        self.tls.stop()

    # ------------------------------------------------------------- commands

    def obey(self, command):
        """One of these, with what they give back:

        `create NS/NAME`, `delete NS/NAME`, `allow NS/NAME` (it may ask for reviews)
        `token NS/NAME AUDIENCE[,AUDIENCE...] [SECONDS]`    a token of a pod; `-` for the audience of the API server
        `legacy NS/NAME`                  a token of the old kind, without audience and end
        `annotate NS/NAME KEY=VALUE`, `label NS KEY=VALUE`
        `reviews STATUS|junk|well`        how reviews are answered from now on
        `below /PATH`                     as behind a gateway: everything is below that path"""
        verb, *rest = command.split()
        with self.lock:
            if verb in ("create", "delete", "allow", "legacy"):
                return getattr(self, verb)(*rest)
            if verb == "token":
                audiences = [API_AUDIENCE] if rest[1] == "-" else rest[1].split(",")
                return self.issue(rest[0], audiences, int(rest[2]) if rest[2:] else 600)
            if verb == "annotate":
                self.accounts[rest[0]]["annotations"].update([rest[1].split("=", 1)])
            elif verb == "label":
                self.namespaces[rest[0]].update([rest[1].split("=", 1)])
            elif verb == "reviews":
                self.mood = rest[0]
            elif verb == "below":
                self.prefix = rest[0]
            else:
                raise ValueError(f"the cluster knows no command {command!r}")
        return None

    def create(self, account):
        namespace = account.split("/")[0]
        self.namespaces.setdefault(namespace, {"kubernetes.io/metadata.name": namespace})
        self.accounts[account] = {"uid": str(uuid.uuid4()), "annotations": {}, "reviews": False}

    def delete(self, account):
        del self.accounts[account]

    def allow(self, account):
        self.accounts[account]["reviews"] = True

    def issue(self, account, audiences, seconds):
        """A token as the TokenRequest API gives it to a pod."""
        namespace, name = account.split("/")
        now = int(time.time())
        return self.keep(account, {
            "aud": audiences, "exp": now + seconds, "iat": now, "nbf": now, "iss": API_AUDIENCE, "jti": str(uuid.uuid4()),
            "sub": f"system:serviceaccount:{namespace}:{name}",
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": self.accounts[account]["uid"]}}})

    def legacy(self, account):
        """A token as it stands in a Secret of an old cluster."""
        namespace, name = account.split("/")
        about = "kubernetes.io/serviceaccount/"
        return self.keep(account, {
            "iss": "kubernetes/serviceaccount", "sub": f"system:serviceaccount:{namespace}:{name}", about + "namespace": namespace,
            about + "secret.name": f"{name}-token", about + "service-account.name": name, about + "service-account.uid": self.accounts[account]["uid"]})

    def keep(self, account, claims):
        text = signing.token(claims, "RS256", self.key)
        self.tokens[text] = (account, claims, self.accounts[account]["uid"])
        return text

    # ------------------------------------------------------------ answering

    def respond(self, request, method):
        size = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(size)
        with self.lock:
            self.asked.append(f"{method} {request.path}")
            try:
                return self.route(method, request.path, request.headers, body)
            except Refusal as no:
                if no.complaint:
                    self.complaints.append(f"{method} {request.path}: {no.message}")
                return no.status, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": no.message,
                                   "reason": REASONS[no.status], "code": no.status}

    def route(self, method, path, headers, body):
        if not path.startswith(self.prefix + "/"):
            raise Refusal(404, "the server could not find the requested resource", complaint=True)
        path = path.removeprefix(self.prefix)
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": API_AUDIENCE, "jwks_uri": f"{self.url}/openid/v1/jwks", "response_types_supported": ["id_token"],
                         "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}
        if path == "/openid/v1/jwks":
            return 200, {"keys": [self.key.jwk()]}
        caller = self.authenticate(headers)
        if path == REVIEWS:
            return self.review(caller, self.document(method, headers, body, "TokenReview"))
        asked = re.fullmatch(ACCOUNT + "/token", path)
        if asked:
            return self.request_token("/".join(asked.groups()), self.document(method, headers, body, "TokenRequest"))
        asked = re.fullmatch(ACCOUNT, path) or re.fullmatch(NAMESPACE, path)
        if asked and method == "GET":
            return self.describe(*asked.groups())
        raise Refusal(404, "the server could not find the requested resource", complaint=True)

    def authenticate(self, headers):
        """The account whose token the request carries; the token must be for the API server and still good."""
        given = headers.get("Authorization", "")
        if not given.startswith("Bearer ") or given != given.strip():
            raise Refusal(401, "Unauthorized", complaint=True)
        account, error = self.validate(given.removeprefix("Bearer "), [API_AUDIENCE])
        if error:
            raise Refusal(401, "Unauthorized")
        return account

    def validate(self, text, audiences):
        """The account of a token, or what is wrong with it."""
        if text not in self.tokens:
            return None, "[invalid bearer token, square/go-jose: error in cryptographic primitive]"
        account, claims, uid = self.tokens[text]
        if claims.get("exp", time.time() + 1) < time.time():
            return None, "[invalid bearer token, service account token has expired]"
        if account not in self.accounts or self.accounts[account]["uid"] != uid:
            return None, "[invalid bearer token, service account {} has been deleted]".format(account)
        own = claims.get("aud", [API_AUDIENCE])  # a token of the old kind is for the API server
        if not set(own) & set(audiences):
            return None, f"[invalid bearer token, token audiences {own} is invalid for the target audiences {audiences}]"
        return account, None

    def document(self, method, headers, body, kind):
        """The object of a POST, which must be whole and of the right kind."""
        if method != "POST":
            raise Refusal(405, "the server does not allow this method on the requested resource", complaint=True)
        if headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
            raise Refusal(415, f"the body of the request was in an unknown format: {headers.get('Content-Type')}", complaint=True)
        try:
            tree = json.loads(body)
        except ValueError:
            raise Refusal(400, "the object provided is unrecognized", complaint=True) from None
        # A real API server takes what is missing from the path, but not one of the two without the other.
        if not isinstance(tree, dict) or (tree.get("apiVersion"), tree.get("kind")) not in ((None, None), ("authentication.k8s.io/v1", kind)):
            raise Refusal(400, f"not a {kind} of authentication.k8s.io/v1", complaint=True)
        audiences = tree.get("spec", {}).get("audiences")
        if audiences is not None and not (isinstance(audiences, list) and all(isinstance(it, str) and it for it in audiences)):
            raise Refusal(400, "spec.audiences must be a list of names", complaint=True)
        return tree

    def review(self, caller, tree):
        if self.mood.isdigit():
            raise Refusal(int(self.mood), "told to answer so")
        if self.mood == "junk":
            return 201, b"<html>not JSON</html>"
        if not self.accounts[caller]["reviews"]:
            user = "system:serviceaccount:" + caller.replace("/", ":")
            raise Refusal(403, f'tokenreviews.authentication.k8s.io is forbidden: User "{user}" cannot create resource "tokenreviews" '
                               'in API group "authentication.k8s.io" at the cluster scope')
        spec = tree.get("spec", {})
        if not isinstance(spec.get("token"), str) or not spec["token"]:
            raise Refusal(400, "token is required for TokenReview in authentication", complaint=True)
        account, error = self.validate(spec["token"], spec.get("audiences") or [API_AUDIENCE])
        return 201, {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "spec": spec,
                     "status": {"user": {}, "error": error} if error else self.status(account, spec)}

    def status(self, account, spec):
        namespace, name = account.split("/")
        claims = self.tokens[spec["token"]][1]
        wanted = spec.get("audiences") or [API_AUDIENCE]
        return {"authenticated": True, "audiences": [it for it in wanted if it in claims.get("aud", [API_AUDIENCE])], "user": {
            "username": f"system:serviceaccount:{namespace}:{name}", "uid": self.accounts[account]["uid"],
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"],
            "extra": {"authentication.kubernetes.io/credential-id": [f"JTI={claims.get('jti', '')}"]}}}

    def request_token(self, account, tree):
        if account not in self.accounts:
            raise Refusal(404, f'serviceaccounts "{account.split("/")[1]}" not found')
        spec = tree.get("spec", {})
        seconds = spec.get("expirationSeconds", 3600)
        if not isinstance(seconds, int) or seconds < 600:
            raise Refusal(422, "spec.expirationSeconds: may not specify a duration less than 10 minutes", complaint=True)
        text = self.issue(account, spec.get("audiences") or [API_AUDIENCE], seconds)
        until = datetime.datetime.fromtimestamp(int(time.time()) + seconds, datetime.timezone.utc)
        return 201, tree | {"status": {"token": text, "expirationTimestamp": until.strftime("%Y-%m-%dT%H:%M:%SZ")}}

    def describe(self, namespace, name=None):
        known = f"{namespace}/{name}" in self.accounts if name else namespace in self.namespaces
        if not known:
            raise Refusal(404, f'"{name or namespace}" not found')
        if name:
            account = self.accounts[f"{namespace}/{name}"]
            return 200, {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {
                "name": name, "namespace": namespace, "uid": account["uid"], "annotations": account["annotations"]}}
        return 200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": namespace, "labels": self.namespaces[namespace]}}
