#!/usr/bin/env python3
"""Shows that the stand-ins are right: what they sign can be verified by others, and the cluster takes nothing that a
real API server would not take.

The exit status is 0 or 1. It needs the command `openssl` and takes a second or two.
"""

import base64
import http.client
import json
import ssl
import sys
import tempfile
import urllib.parse

sys.dont_write_bytecode = True

import signing
from cluster import API_AUDIENCE, REVIEWS, Cluster
from issuer import Issuer

WRONG = []


def check(name, found, wanted):
    if found != wanted:
        WRONG.append(name)
    print(f"{'ok' if found == wanted else 'WRONG':8}{name}" + ("" if found == wanted else f": {found!r} instead of {wanted!r}"))


def ask(url, method, path, body=None, headers=None):
    """Status and parsed answer of one request over TLS."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=30, context=ssl._create_unverified_context())
    try:
        connection.request(method, path, body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode(), headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def part(token, number):
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ------------------------------------------------------------------- issuer

def signatures(issuer, folder):
    """What openssl's own verification says of tokens that are signed with RSA."""
    token = issuer.sign({"sub": "a", "nbf": "now-30"})
    signed, signature = token.rsplit(".", 1)
    (folder / "signature").write_bytes(part(token, 2))
    (folder / "public.pem").write_text(issuer.key("RSA").pem)
    verify = ["dgst", "-sha256", "-verify", folder / "public.pem", "-signature", folder / "signature"]
    check("openssl verifies a token", signing.openssl(*verify, data=signed.encode()).decode().strip(), "Verified OK")
    claims = json.loads(part(token, 1))
    check("claims are added and times filled in", (claims["iss"], claims["exp"] - claims["iat"], claims["iat"] - claims["nbf"]), (issuer.url, 600, 30))
    for algorithm, octets in (("ES256", 64), ("ES384", 96), ("EdDSA", 64), ("none", 0)):
        check(f"a signature of {algorithm} has {octets} octets", len(part(issuer.sign({"sub": "a"}, algorithm), 2)), octets)
    check("a raw body stays as it is", part(issuer.sign({}, payload="[1,"), 1), b"[1,")
    check("a header field can be taken away", "kid" in json.loads(part(issuer.sign({}, header={"kid": ""}), 0)), False)


def publication(issuer):
    """The keys that are published, by their names, after each command."""
    def published():
        return [key["kid"] for key in ask(issuer.url, "GET", "/keys")[1]["keys"]]
    issuer.begin()
    first, old = published(), issuer.key("RSA").kid
    check("the signing key is published", old in first, True)
    issuer.obey("add")
    check("`add` keeps the old key", (old in published(), issuer.key("RSA").kid in published()), (True, True))
    issuer.obey("rotate")
    check("`rotate` drops it", (old in published(), issuer.key("RSA").kid in published()), (False, True))
    check("a stranger's key is never published", issuer.key("RSA", "stranger").kid in published(), False)
    issuer.obey("fail")
    check("`fail` answers 500", ask(issuer.url, "GET", "/keys")[0], 500)
    issuer.obey("lie")
    check("`lie` tells another name", ask(issuer.url, "GET", "/.well-known/openid-configuration")[1]["issuer"] == issuer.url, False)
    issuer.begin()
    check("a new scenario finds it as it was", published(), first)


# ------------------------------------------------------------------ cluster

def reviews(cluster):
    """Right requests, and their answers."""
    cluster.create("prod/app")
    bearer = {"Authorization": f"Bearer {cluster.reviewer}", "Content-Type": "application/json"}
    pod = cluster.obey("token prod/app vault")

    def reviewed(token, audiences=("vault",)):
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token, "audiences": list(audiences)}}
        return ask(cluster.url, "POST", REVIEWS, body, bearer)

    status, answer = reviewed(pod)
    check("a token is vouched for", (status, answer["status"]["user"]["username"], answer["status"]["audiences"]),
          (201, "system:serviceaccount:prod:app", ["vault"]))
    check("not for another audience", "authenticated" in reviewed(pod, ["else"])[1]["status"], False)
    check("without audiences the API server's own counts", "authenticated" in reviewed(pod, [])[1]["status"], False)
    legacy = cluster.obey("legacy prod/app")
    check("an old token is for the API server alone", ["authenticated" in reviewed(legacy, it)[1]["status"] for it in ([], ["vault"])], [True, False])
    check("an expired token is not vouched for", "authenticated" in reviewed(cluster.obey("token prod/app vault -5"))[1]["status"], False)
    body = {"spec": {"audiences": ["vault"], "expirationSeconds": 600}}
    status, answer = ask(cluster.url, "POST", "/api/v1/namespaces/prod/serviceaccounts/app/token", body, bearer)
    check("a token is given out", (status, reviewed(answer["status"]["token"])[1]["status"]["authenticated"]), (201, True))
    cluster.obey("delete prod/app")
    check("a deleted account is not vouched for", "authenticated" in reviewed(pod)[1]["status"], False)
    check("nothing of this is a complaint", cluster.take_complaints(), [])


def wrong_requests(cluster):
    """Wrong requests: each must be refused, and be a complaint."""
    bearer = {"Authorization": f"Bearer {cluster.reviewer}", "Content-Type": "application/json"}
    right = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "x", "audiences": ["vault"]}}
    short = {"spec": {"expirationSeconds": 60}}
    cluster.create("prod/app")
    for name, status, (method, path, body, headers) in (
            ("another version", 400, ("POST", REVIEWS, right | {"apiVersion": "authentication.k8s.io/v1beta1"}, bearer)),
            ("another kind", 400, ("POST", REVIEWS, right | {"kind": "TokenRequest"}, bearer)),
            ("a kind without a version", 400, ("POST", REVIEWS, {"kind": "TokenReview", "spec": right["spec"]}, bearer)),
            ("an old path", 404, ("POST", REVIEWS.replace("/v1/", "/v1beta1/"), right, bearer)),
            ("two slashes", 404, ("POST", REVIEWS.replace("/v1/", "//v1/"), right, bearer)),
            ("another method", 405, ("GET", REVIEWS, None, bearer)),
            ("no content type", 415, ("POST", REVIEWS, right, {"Authorization": bearer["Authorization"]})),
            ("a form", 415, ("POST", REVIEWS, right, bearer | {"Content-Type": "application/x-www-form-urlencoded"})),
            ("no JSON", 400, ("POST", REVIEWS, b"{", bearer)),
            ("no token in the review", 400, ("POST", REVIEWS, right | {"spec": {}}, bearer)),
            ("audiences as text", 400, ("POST", REVIEWS, right | {"spec": {"token": "x", "audiences": "vault"}}, bearer)),
            ("no bearer", 401, ("POST", REVIEWS, right, {"Content-Type": "application/json"})),
            ("another scheme", 401, ("POST", REVIEWS, right, bearer | {"Authorization": f"bearer {cluster.reviewer}"})),
            ("too short a life", 422, ("POST", "/api/v1/namespaces/prod/serviceaccounts/app/token", short, bearer))):
        check(f"refused: {name}", (ask(cluster.url, method, path, body, headers)[0], len(cluster.take_complaints())), (status, 1))


def refusals(cluster):
    """What a right client can meet: no complaint, but no success either."""
    bearer = {"Content-Type": "application/json"}
    right = {"spec": {"token": "x"}}
    weak = cluster.issue("prod/app", [API_AUDIENCE], 60)
    for name, status, token in (("a token that is unknown", 401, "x"), ("an account that may not", 403, weak),
                                ("a token for somebody else", 401, cluster.issue("prod/app", ["vault"], 60))):
        found = ask(cluster.url, "POST", REVIEWS, right, bearer | {"Authorization": f"Bearer {token}"})[0]
        check(f"refused without a complaint: {name}", (found, cluster.take_complaints()), (status, []))


def main():
    with tempfile.TemporaryDirectory(prefix="standins-test-") as home:
        folder = signing.authority(home)
        issuer, cluster = Issuer(folder), Cluster(folder)
        try:
            signatures(issuer, folder)
            publication(issuer)
            reviews(cluster)
            wrong_requests(cluster)
            refusals(cluster)
        finally:
            issuer.stop()
            cluster.stop()
    print(f"{len(WRONG)} wrong")
    return 1 if WRONG else 0


if __name__ == "__main__":
    sys.exit(main())
