"""Logins of machines and who they are: `hvac` with JWT, Kubernetes, certificates and everything of its class Identity.

hvac_functions.toml says for each function of these classes which test calls it.
"""

import inspect
import os
import re
import tomllib
from pathlib import Path

from hvac import exceptions
from hvac.api.auth_methods import JWT, Cert, Kubernetes
from hvac.api.secrets_engines.identity import Identity

from hvac_client import client, equal, raises
from tests import REGISTRY, expect, test, unique

LIST = Path(__file__).resolve().parent / "hvac_functions.toml"
CLASSES = {"identity": Identity, "jwt": JWT, "kubernetes": Kubernetes, "cert": Cert}


def outside(name):
    """What run.py has started for us."""
    return os.environ["INTEROP_" + name]


def text_of(name):
    return Path(outside(name)).read_text()


def accessor(mount):
    return client().sys.list_auth_methods()["data"][mount + "/"]["accessor"]


def jwt_mount():
    """A mount that trusts the issuer, with a role; its name."""
    mount = unique("jwt")
    client().sys.enable_auth_method("jwt", path=mount)
    jwt = client().auth.jwt
    jwt.configure(jwks_url=outside("ISSUER") + "/keys", jwks_ca_pem=text_of("ISSUER_CA"), bound_issuer=outside("ISSUER"), path=mount)
    jwt.create_role("web", user_claim="sub", allowed_redirect_uris=[], bound_audiences=["vault"], bound_claims={"team": "blue"},
                    groups_claim="groups", claim_mappings={"team": "team"}, token_policies=["of-role"], token_ttl="10m", path=mount)
    return mount


# ------------------------------------------------------------------- logins

@test("logins")
def login_jwt():
    mount = jwt_mount()
    jwt, visitor = client().auth.jwt, client(token="")
    equal(jwt.read_config(path=mount)["data"]["jwks_url"], outside("ISSUER") + "/keys")
    equal(jwt.read_role("web", path=mount)["data"]["token_policies"], ["of-role"])
    equal(jwt.list_roles(path=mount)["data"]["keys"], ["web"])
    made = visitor.auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"]
    equal((visitor.token, made["lease_duration"]), (made["client_token"], 600))
    equal((made["policies"], made["metadata"]), (["default", "of-role"], {"role": "web", "team": "blue"}))
    equal(visitor.is_authenticated(), True)
    raises(exceptions.InvalidRequest, client(token="").auth.jwt.jwt_login, "web", outside("JWT") + "x", path=mount)
    jwt.delete_role("web", path=mount)
    raises(exceptions.InvalidRequest, client(token="").auth.jwt.jwt_login, "web", outside("JWT"), path=mount)


@test("logins")
def login_kubernetes():
    mount = unique("kubernetes")
    client().sys.enable_auth_method("kubernetes", path=mount)
    cluster, visitor = client().auth.kubernetes, client(token="")
    cluster.configure(outside("CLUSTER"), kubernetes_ca_cert=text_of("CLUSTER_CA"), token_reviewer_jwt=outside("REVIEWER"),
                      disable_local_ca_jwt=True, mount_point=mount)
    equal(cluster.read_config(mount_point=mount)["kubernetes_host"], outside("CLUSTER"))
    cluster.create_role("web", ["app"], ["prod"], ttl="10m", policies=["of-role"], audience="vault", mount_point=mount)
    cluster.create_role("other", ["else"], ["prod"], audience="vault", mount_point=mount)
    equal(cluster.read_role("web", mount_point=mount)["bound_service_account_namespaces"], ["prod"])
    equal(cluster.list_roles(mount_point=mount)["keys"], ["other", "web"])
    made = visitor.auth.kubernetes.login("web", outside("POD_JWT"), mount_point=mount)["auth"]
    equal((visitor.token, made["lease_duration"], made["policies"]), (made["client_token"], 600, ["default", "of-role"]))
    equal((made["metadata"]["service_account_name"], made["metadata"]["service_account_namespace"]), ("app", "prod"))
    raises(exceptions.Forbidden, client(token="").auth.kubernetes.login, "other", outside("POD_JWT"), mount_point=mount)
    raises(exceptions.Forbidden, client(token="").auth.kubernetes.login, "web", outside("POD_JWT") + "x", mount_point=mount)
    cluster.delete_role("web", mount_point=mount)
    # Without the role nobody knows which audience to ask for, and the cluster does not know this one.
    gone = exceptions.InvalidRequest if os.environ.get("INTEROP_ORACLE") else exceptions.Forbidden
    raises(gone, client(token="").auth.kubernetes.login, "web", outside("POD_JWT"), mount_point=mount)


@test("tls")
def login_cert():
    mount = unique("cert")
    client().sys.enable_auth_method("cert", path=mount)
    certs = client().auth.cert
    certs.create_ca_certificate_role("web", certificate_file=outside("CLIENT_CA"), allowed_common_names="ann.*", token_policies=["of-role"],
                                     token_ttl="10m", mount_point=mount)
    certs.create_ca_certificate_role("other", certificate=text_of("CLIENT_CA"), allowed_common_names="bob.*", mount_point=mount)
    shown = certs.read_ca_certificate_role("web", mount_point=mount)["data"]
    equal((shown["allowed_common_names"], shown["token_ttl"]), (["ann.*"], 600))
    equal(certs.list_certificate_roles(mount_point=mount)["data"]["keys"], ["other", "web"])
    visitor = client(token="", addr=outside("TLS_ADDR"), verify=outside("TLS_CA"))
    whom = {"cert_pem": outside("CLIENT_CERT"), "key_pem": outside("CLIENT_KEY"), "mount_point": mount}
    made = visitor.auth.cert.login(**whom)["auth"]
    equal((visitor.token, made["policies"], made["metadata"]["common_name"]), (made["client_token"], ["default", "of-role"], "ann.example"))
    equal(client(token=made["client_token"]).lookup_token()["data"]["entity_id"], made["entity_id"])
    raises(exceptions.InvalidRequest, visitor.auth.cert.login, name="other", **whom)
    certs.configure_tls_certificate(mount_point=mount, disable_binding=True)
    certs.delete_certificate_role("web", mount_point=mount)
    raises(exceptions.InvalidRequest, visitor.auth.cert.login, name="web", **whom)


# ----------------------------------------------------------------- identity

@test("identity")
def entities():
    identity, name = client().secrets.identity, unique("entity")
    made = identity.create_or_update_entity(name, metadata={"team": "blue"}, policies=["one"])["data"]
    shown = identity.read_entity(made["id"])["data"]
    equal((shown["name"], shown["metadata"], shown["policies"], shown["disabled"]), (name, {"team": "blue"}, ["one"], False))
    identity.update_entity(made["id"], name=name + "-2", policies=["two"], disabled=True)
    shown = identity.read_entity_by_name(name + "-2")["data"]
    equal((shown["id"], shown["policies"], shown["disabled"]), (made["id"], ["two"], True))
    raises(exceptions.InvalidPath, identity.read_entity_by_name, name)
    identity.create_or_update_entity_by_name(name + "-2", metadata={"team": "red"})
    equal(identity.lookup_entity(name=name + "-2")["data"]["metadata"], {"team": "red"})
    equal(identity.lookup_entity(name=unique("nobody")).status_code, 204)
    expect(made["id"] in identity.list_entities()["data"]["keys"], "the entity is not listed")
    expect(name + "-2" in identity.list_entities_by_name()["data"]["keys"], "its name is not listed")
    identity.delete_entity(made["id"])
    raises(exceptions.InvalidPath, identity.read_entity, made["id"])
    identity.create_or_update_entity_by_name(name)
    identity.delete_entity_by_name(name)
    raises(exceptions.InvalidPath, identity.read_entity_by_name, name)


@test("identity")
def aliases():
    identity, mount = client().secrets.identity, jwt_mount()
    entity = identity.create_or_update_entity(unique("entity"), policies=["of-entity"])["data"]["id"]
    other = identity.create_or_update_entity(unique("entity"))["data"]["id"]
    alias = identity.create_or_update_entity_alias("ann", entity, accessor(mount))["data"]
    equal(alias["canonical_id"], entity)
    made = client(token="").auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"]
    equal((made["entity_id"], made["identity_policies"]), (entity, ["of-entity"]))
    shown = identity.read_entity_alias(alias["id"])["data"]
    equal((shown["name"], shown["metadata"], shown["mount_type"]), ("ann", {"role": "web", "team": "blue"}, "jwt"))
    equal(identity.lookup_entity(alias_name="ann", alias_mount_accessor=accessor(mount))["data"]["id"], entity)
    equal(identity.lookup_entity(alias_id=alias["id"])["data"]["id"], entity)
    identity.update_entity_alias(alias["id"], "ann", other, accessor(mount))
    equal(identity.read_entity(entity)["data"]["aliases"], [])
    equal(client(token="").auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"]["entity_id"], other)
    expect(alias["id"] in identity.list_entity_aliases()["data"]["keys"], "the alias is not listed")
    identity.delete_entity_alias(alias["id"])
    raises(exceptions.InvalidPath, identity.read_entity_alias, alias["id"])


@test("identity")
def merged_entities():
    identity, one, two = client().secrets.identity, jwt_mount(), jwt_mount()
    a, b = (client(token="").auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"] for mount in (one, two))
    expect(a["entity_id"] != b["entity_id"], "two mounts made one entity")
    identity.merge_entities([b["entity_id"]], a["entity_id"])
    equal(identity.read_entity(a["entity_id"])["data"]["merged_entity_ids"], [b["entity_id"]])
    raises(exceptions.InvalidPath, identity.read_entity, b["entity_id"])
    equal(client(token="").auth.jwt.jwt_login("web", outside("JWT"), path=two)["auth"]["entity_id"], a["entity_id"])
    equal(client(token=b["client_token"]).is_authenticated(), True)
    raises(exceptions.InvalidRequest, identity.merge_entities, [b["entity_id"]], a["entity_id"], text="entity id to merge from is invalid")


@test("identity")
def groups():
    identity, name = client().secrets.identity, unique("group")
    entity = identity.create_or_update_entity(unique("entity"))["data"]["id"]
    made = identity.create_or_update_group(name, metadata={"floor": "2"}, policies=["one"], member_entity_ids=[entity])["data"]
    shown = identity.read_group(made["id"])["data"]
    equal((shown["type"], shown["metadata"], shown["member_entity_ids"]), ("internal", {"floor": "2"}, [entity]))
    outer = identity.create_or_update_group_by_name(name + "-outer", member_group_ids=[made["id"]])["data"]
    shown = identity.read_entity(entity)["data"]
    equal((shown["direct_group_ids"], shown["inherited_group_ids"]), ([made["id"]], [outer["id"]]))
    identity.update_group(made["id"], name, policies=["two"])
    equal(identity.read_group_by_name(name)["data"]["policies"], ["two"])
    equal(identity.lookup_group(name=name)["data"]["id"], made["id"])
    equal(identity.lookup_group(group_id="nobody").status_code, 204)
    expect(made["id"] in identity.list_groups()["data"]["keys"], "the group is not listed")
    expect(name in identity.list_groups_by_name()["data"]["keys"], "its name is not listed")
    raises(exceptions.InvalidRequest, identity.update_group, made["id"], name, member_group_ids=[outer["id"]], text="cyclic relationship")
    identity.delete_group(made["id"])
    identity.delete_group_by_name(name + "-outer")
    raises(exceptions.InvalidPath, identity.read_group, made["id"])
    raises(exceptions.InvalidPath, identity.read_group_by_name, name + "-outer")


@test("identity")
def external_groups():
    identity, mount = client().secrets.identity, jwt_mount()
    group = identity.create_or_update_group(unique("group"), group_type="external", policies=["of-group"])["data"]["id"]
    alias = identity.create_or_update_group_alias("dev", mount_accessor=accessor(mount), canonical_id=group)["data"]["id"]
    made = client(token="").auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"]
    expect("identity_policies" not in made, "in a group that its token does not name")
    identity.update_group_alias(alias, "ops", mount_accessor=accessor(mount), canonical_id=group)
    equal(identity.read_group_alias(alias)["data"]["name"], "ops")
    made = client(token="").auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"]
    equal((made["identity_policies"], made["policies"]), (["of-group"], ["default", "of-group", "of-role"]))
    equal(client(token=made["client_token"]).lookup_token()["data"]["identity_policies"], ["of-group"])
    equal(identity.read_group(group)["data"]["member_entity_ids"], [made["entity_id"]])
    expect(alias in identity.list_group_aliases()["data"]["keys"], "the alias is not listed")
    identity.delete_group_alias(alias)
    raises(exceptions.InvalidPath, identity.read_group_alias, alias)
    identity.delete_group(group)


@test("identity")
def disabled_entity():
    identity, mount = client().secrets.identity, jwt_mount()
    visitor = client(token="")
    entity = visitor.auth.jwt.jwt_login("web", outside("JWT"), path=mount)["auth"]["entity_id"]
    equal(visitor.is_authenticated(), True)
    identity.update_entity(entity, disabled=True)
    equal(visitor.is_authenticated(), False)
    raises(exceptions.Forbidden, client(token="").auth.jwt.jwt_login, "web", outside("JWT"), path=mount)
    identity.update_entity(entity, disabled=False)
    equal(visitor.is_authenticated(), True)


# -------------------------------------------------------- hvac_functions.toml

@test("identity")
def every_function_is_listed():
    """Each function of the classes is called by a test or by what prepares one, or there is a reason why not."""
    listed = tomllib.loads(LIST.read_text())
    source = {test.name: inspect.getsource(test.function) for test in REGISTRY} | {"jwt_mount": inspect.getsource(jwt_mount)}
    for name, kind in CLASSES.items():
        known = {at for at, _ in inspect.getmembers(kind, inspect.isfunction) if not at.startswith("_")}
        equal(set(listed[name]), known)
        for function, cell in listed[name].items():
            if cell.startswith(("later: ", "never: ")):
                expect(cell.split(": ", 1)[1].strip(), f"{name}.{function}: no reason")
            else:
                expect(re.search(rf"\.{function}\b", source.get(cell, "")), f"{name}.{function} is not called in {cell}")
