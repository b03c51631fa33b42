"""What the tests of `hvac` share: clients, and what is expected of them."""

import hvac
from hvac import exceptions

from tests import address, expect, root, unique


def client(token=None, addr=None, **more):
    return hvac.Client(url=addr or address(), token=root() if token is None else token, **more)


def equal(found, wanted):
    expect(found == wanted, f"{found!r} is not {wanted!r}")


def raises(kind, call, *args, text="", **fields):
    """The call must end with just this exception, and with a text that people search for."""
    try:
        call(*args, **fields)
    except exceptions.VaultError as err:
        expect(type(err) is kind, f"{type(err).__name__} instead of {kind.__name__}: {err}")
        expect(text in str(err), f"no {text!r} in {err}")
        return err
    raise AssertionError(f"{kind.__name__} expected, nothing raised")


def mounted(version):
    name = unique("kv")
    client().sys.enable_secrets_engine("kv", path=name, options={"version": version})
    return name


def token_for(rules, **fields):
    """A token with a policy of its own."""
    name = unique("policy")
    client().sys.create_or_update_policy(name, rules)
    return client().auth.token.create(policies=[name], **fields)["auth"]
