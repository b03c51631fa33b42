"""The server's certificate is not one to be trusted."""

import subprocess

from certificates import Authority
from finding import Trouble
from rows import row
from server import PORT


def presents(world, make):
    """The server comes back with what `make` answers, and later with a good certificate."""
    ours = Authority(world.home / "ours")
    good, bad = ours.issue("good"), make(ours)
    world.server.tls = good
    world.begin(address=f"https://127.0.0.1:{PORT}", vault={"ca_cert": str(ours.certificate)})
    world.server.stop()
    world.server.tls = bad
    world.server.again()
    is_bad(ours.certificate)
    world.put_all()
    world.lasts()
    world.server.stop()
    world.server.tls = good
    world.server.again()
    return world.catches_up()


def is_bad(authority):
    """A client that is known to check finds the certificate bad as well."""
    asked = ["openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", "-CAfile", authority, "-verify_ip", "127.0.0.1", "-verify_return_error"]
    if subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0:
        raise Trouble("openssl finds nothing wrong with the certificate")


@row
def certificate_expired(world):
    return presents(world, lambda ours: ours.issue("expired", begins="-2 days", ends="-1 day"))


@row
def certificate_of_the_future(world):
    return presents(world, lambda ours: ours.issue("early", begins="+1 day", ends="+2 days"))


@row
def certificate_of_another_authority(world):
    return presents(world, lambda ours: Authority(world.home / "theirs").issue("good"))


@row
def certificate_of_another_name(world):
    return presents(world, lambda ours: ours.issue("elsewhere", address="192.0.2.1"))
