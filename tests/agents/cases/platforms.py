"""How the agent shows who it is with a token of its platform."""

import time

import signing
from cluster import Cluster
from place import POLICY, is_there, text
from table import case
from text import ONCE, SINK, VAULT, auto_auth
from cases.sinks import unwrapped

JWT = """\
  method "jwt" {
    mount_path = "auth/jwt-@case@"
    config = {
      path = "@home@/jwt"
      role = "app"
    }
  }
"""

KUBERNETES = """\
  method "kubernetes" {
    mount_path = "auth/kubernetes-@case@"
    config = {
      role = "app"
      token_path = "@home@/service-account"
    }
  }
"""

HOUR = 3600


class Issuer:
    """Whoever signs the tokens of the case."""

    def __init__(self, at, **role):
        self.at, self.key = at, signing.Key("Ed25519", at.home)
        mount = f"jwt-{at.case}"
        at.must("PUT", f"sys/policies/acl/{mount}", {"policy": POLICY})
        at.must("POST", f"sys/auth/{mount}", {"type": "jwt"})
        at.must("PUT", f"auth/{mount}/config", {"jwt_validation_pubkeys": [self.key.pem], "jwt_supported_algs": ["EdDSA"]})
        at.must("PUT", f"auth/{mount}/role/app", {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["agent"],
                                                  "token_policies": [mount], "token_ttl": "10m"} | role)

    def token(self, who="web"):
        """A token, which may turn up in no log of ours."""
        now = int(time.time())
        jwt = signing.token({"sub": who, "aud": "agent", "iat": now, "nbf": now, "exp": now + HOUR}, "EdDSA", self.key)
        self.at.planted.append(jwt)
        return jwt


def whose(at):
    """For whom the token in the sink was made."""
    answer = at.ask("GET", "auth/token/lookup-self", token=text(at.home / "sink"))
    return answer.json()["data"]["display_name"] if answer.status == 200 else answer.status


@case
def jwt(at):
    """A login with a token from a file, which is removed."""
    at.file("jwt", Issuer(at).token() + "\n")
    agent = at.agent(ONCE + VAULT + auto_auth(JWT, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), ["default", f"jwt-{at.case}"])
    at.see("the file with the token", is_there(at.home / "jwt"), False)


@case
def jwt_stays(at):
    """The file with the token may stay, and another word for how often it is read is taken."""
    at.file("jwt", Issuer(at).token())
    login = JWT.replace('role = "app"', 'role = "app"\n      remove_jwt_after_reading = false\n      jwt_read_period = "100ms"')
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), ["default", f"jwt-{at.case}"])
    at.see("the file with the token", is_there(at.home / "jwt"), True)


@case
def jwt_exchanged(at):
    """The platform writes another token in the place of the first: the next login presents that one."""
    issuer = Issuer(at, token_ttl="2s", token_max_ttl="4s")
    at.file("jwt", issuer.token("first"))
    login = JWT.replace('role = "app"', 'role = "app"\n      remove_jwt_after_reading = false')
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("the first", lambda: whose(at), f"jwt-{at.case}-first")
    at.file("jwt", issuer.token("second"))
    at.see("the second", lambda: whose(at), f"jwt-{at.case}-second")
    at.see("exit status", agent.stop(), 0)


@case
def jwt_remembered(at):
    """A file that was removed when it was read is not needed for the next login."""
    at.file("jwt", Issuer(at, token_ttl="2s", token_max_ttl="4s").token())
    agent = at.agent(VAULT + auto_auth(JWT, SINK))
    first = at.need(lambda: is_there(at.home / "sink") and text(at.home / "sink"), "the first token")
    at.need(lambda: text(at.home / "sink") != first, "a second token")
    at.see("policies of the second", lambda: at.works(text(at.home / "sink")), ["default", f"jwt-{at.case}"])
    at.see("the file with the token", is_there(at.home / "jwt"), False)
    at.see("exit status", agent.stop(), 0)


def behind_a_link(at, login):
    at.file("there/jwt", Issuer(at).token())
    (at.home / "jwt").symlink_to(at.home / "there" / "jwt")
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), ["default", f"jwt-{at.case}"])


@case
def jwt_behind_a_link(at):
    """Of a token behind a link, the link is removed."""
    behind_a_link(at, JWT)
    at.see("the link", (at.home / "jwt").is_symlink(), False)
    at.see("what it led to", is_there(at.home / "there" / "jwt"), True)


@case
def jwt_removed_behind_a_link(at):
    """Or what it leads to, if that is wanted."""
    behind_a_link(at, JWT.replace('role = "app"', 'role = "app"\n      remove_jwt_follows_symlinks = true'))
    at.see("the link", (at.home / "jwt").is_symlink(), True)
    at.see("what it led to", is_there(at.home / "there" / "jwt"), False)


@case
def jwt_missing(at):
    """No file, no role: the agent ends with an error."""
    Issuer(at)
    agent = at.agent(VAULT + auto_auth(JWT.replace("    config", "    exit_on_err = true\n    config"), SINK))
    at.see("exit status", agent.status(), 1)
    at.file("jwt", "x")
    agent = at.agent(VAULT + auto_auth(JWT.replace('      role = "app"\n', ""), SINK))
    at.see("exit status without a role", agent.status(), 1)


@case
def jwt_wrapped(at):
    """The login is wrapped for whoever reads the sink."""
    at.file("jwt", Issuer(at).token())
    login = JWT.replace("    config", '    wrap_ttl = "5m"\n    config')
    agent = at.agent(ONCE + VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", unwrapped(at, at.home / "sink")["auth"]["policies"], ["default", f"jwt-{at.case}"])


def service_account(at, **role):
    """A cluster, a role for the service account `web` in `shop`, and that account's token in a file."""
    folder = at.home / "cluster"
    folder.mkdir()
    signing.authority(folder)
    cluster = at.also(Cluster(folder))
    cluster.obey("create shop/web")
    mount = f"kubernetes-{at.case}"
    at.must("PUT", f"sys/policies/acl/{mount}", {"policy": POLICY})
    at.must("POST", f"sys/auth/{mount}", {"type": "kubernetes"})
    at.must("PUT", f"auth/{mount}/config", {"kubernetes_host": cluster.url, "kubernetes_ca_cert": cluster.tls.ca,
                                            "token_reviewer_jwt": cluster.reviewer})
    at.must("PUT", f"auth/{mount}/role/app", {"bound_service_account_names": ["web"], "bound_service_account_namespaces": ["shop"],
                                              "audience": "vault", "token_policies": [mount], "token_ttl": "10m"} | role)
    token = cluster.obey("token shop/web vault")
    at.planted.append(token)
    at.file("service-account", token)
    return cluster


@case
def kubernetes(at):
    """A login with the token of a pod's service account, which stays where it is."""
    service_account(at)
    agent = at.agent(ONCE + VAULT + auto_auth(KUBERNETES, SINK))
    at.see("exit status", agent.status(), 0)
    at.see("policies", at.works(text(at.home / "sink")), ["default", f"kubernetes-{at.case}"])
    at.see("the token's file", is_there(at.home / "service-account"), True)


@case
def kubernetes_exchanged(at):
    """Kubelet exchanges the token: the next login presents the new one, and not the one that has been withdrawn."""
    cluster = service_account(at, token_ttl="2s", token_max_ttl="4s")
    agent = at.agent(VAULT + auto_auth(KUBERNETES, SINK))
    first = at.need(lambda: is_there(at.home / "sink") and text(at.home / "sink"), "the first token")
    cluster.obey("delete shop/web")
    cluster.obey("create shop/web")
    at.file("service-account", cluster.obey("token shop/web vault"))
    at.need(lambda: text(at.home / "sink") != first, "a second token")
    at.see("policies of the second", lambda: at.works(text(at.home / "sink")), ["default", f"kubernetes-{at.case}"])
    at.see("exit status", agent.stop(), 0)


@case
def kubernetes_outside_of_a_pod(at):
    """Without a path the token is where kubelet puts it: outside of a pod there is none."""
    service_account(at)
    login = KUBERNETES.replace('      token_path = "@home@/service-account"\n', "").replace("    config", "    exit_on_err = true\n    config")
    agent = at.agent(VAULT + auto_auth(login, SINK))
    at.see("exit status", agent.status(), 1)
    at.see("the log names the file", "/var/run/secrets/kubernetes.io/serviceaccount/token" in agent.log(), True)
