"""What lies between agent and server: proxies that answer themselves, connections that break, names that are gone."""

import subprocess

import wire
from finding import require
from rows import row

HTML = b"<!doctype html><html><head><title>Welcome</title></head><body>Please log in.</body></html>"


def stays(world, fault, **settings):
    """The files stay as they are while the fault lasts, and catch up with what was written meanwhile."""
    world.begin(wire=True, **settings)
    world.wire.put(fault)
    world.put_all()
    world.met()
    world.lasts()
    world.wire.put(None)
    return world.catches_up()


@row
def answers_500(world):
    return stays(world, wire.errors(500))


@row
def answers_502(world):
    return stays(world, wire.answers(502, HTML, Content_Type="text/html"))


@row
def answers_503(world):
    return stays(world, wire.errors(503))


@row
def answers_429(world):
    return stays(world, wire.errors(429, Retry_After="1"))


@row
def answers_html(world):
    return stays(world, wire.answers(200, HTML, Content_Type="text/html"))


@row
def answers_nothing(world):
    return stays(world, wire.answers(200))


@row
def answers_no_content(world):
    return stays(world, wire.answers(204))


@row
def answers_half(world):
    return stays(world, wire.truncates)


@row
def answers_no_data(world):
    return stays(world, wire.answers(200, b"{}"))


@row
def answers_redirects(world):
    """To a host that is not the server, and must not get its token."""
    world.begin(wire=True)
    trap = wire.Trap()
    world.wire.put(wire.answers(302, HTML, Location=f"http://127.0.0.2:{wire.TRAP}/login"))
    world.put_all()
    world.met()
    world.lasts()
    require(world.sink.read_bytes().strip() not in trap.heard(), "leaked", "the agent has sent its token where it was redirected to")
    world.wire.put(None)
    return world.catches_up()


@row
def proxy_has_no_backend(world):
    """A page of the proxy's own is not the server's word, even where that would remove the files."""
    return stays(world, wire.answers(404, HTML, Content_Type="text/html"), paths={"secret/data/*": {"on_revoke": "remove"}})


@row
def firewall_forbids(world):
    return stays(world, wire.answers(403, HTML, Content_Type="text/html"), paths={"secret/data/*": {"on_revoke": "remove"}})


@row
def connection_ends_early(world):
    return stays(world, wire.ends_early)


@row
def connection_reset(world):
    return stays(world, wire.resets)


@row
def body_without_end(world):
    world.begin(wire=True)
    before = world.agent.memory()
    world.wire.put(wire.endless)
    world.put_all()
    world.met()
    world.lasts(4)
    grown = world.agent.memory() - before
    require(grown < 100, "memory", f"the agent took {grown} MiB for a body without end")
    world.wire.put(None)
    return f"{world.catches_up()}, {grown} MiB more"


@row
def slow_answers(world):
    world.begin(wire=True)
    world.wire.put(wire.slow(2))
    world.put_all()
    world.met()
    return world.catches_up()


@row
def dripping_answers(world):
    world.begin(wire=True)
    world.wire.put(wire.drip(0.0005))
    world.put_all()
    world.met()
    return world.catches_up()


@row
def no_answers(world):
    """Longer than the agent waits for one."""
    return stays(world, wire.silent, environment={"VAULT_CLIENT_TIMEOUT": "2s"})


@row
def connection_refused(world):
    world.begin(wire=True)
    world.wire.refuse()
    world.put_all()
    world.lasts()
    world.wire.begin_listening()
    return world.catches_up()


@row
def name_gone(world):
    """The server's name cannot be resolved any more."""
    hosts, servers = world.home / "hosts", world.home / "resolv.conf"
    known = "127.0.0.1 localhost\n"
    hosts.write_text(f"{known}127.0.0.1 server.test\n")
    servers.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    for file, place in ((hosts, "/etc/hosts"), (servers, "/etc/resolv.conf")):
        subprocess.run(["mount", "--bind", file, place], check=True)
    world.begin(wire=True, address=f"http://server.test:{wire.PORT}")
    hosts.write_text(known)
    world.wire.put(None)  # which cuts the connections from before
    world.put_all()
    world.lasts()
    hosts.write_text(f"{known}127.0.0.1 server.test\n")
    return world.catches_up()
