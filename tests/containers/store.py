"""The real `secret server` on a file, initialised and unsealed, with what an application needs."""

from planted import fresh
from postgres import free_port
from server import Server

CONFIG = """\
storage "sqlite" {
  path = "%%(home)s/data"
}
listener "tcp" {
  address = "127.0.0.1:%d"
  tls_disable = true
}
log_level = "trace"
"""
POLICY = 'path "secret/data/shop/*" { capabilities = ["read"] }'


class Store:
    """Its port stays the same when it is started again, as that of a service does."""

    def __init__(self, binary, home):
        home.mkdir()
        self.server = Server(binary, CONFIG % free_port(), home=home)
        self.root = None

    def start(self):
        self.server.start()
        self.root = self.server.open()
        must = self.server.must
        must("PUT", "/v1/sys/policies/acl/shop", {"policy": POLICY}, self.root)
        must("POST", "/v1/sys/auth/approle", {"type": "approle"}, self.root)
        must("POST", "/v1/auth/approle/role/shop", {"token_policies": "shop", "token_ttl": "1h"}, self.root)
        self.role_id = must("GET", "/v1/auth/approle/role/shop/role-id", None, self.root).data()["role_id"]

    def secret_id(self):
        """A fresh way in, which can be recognised wherever it turns up."""
        made = fresh()
        self.server.must("POST", "/v1/auth/approle/role/shop/custom-secret-id", {"secret_id": made}, self.root)
        return made

    def put(self, password):
        self.server.must("POST", "/v1/secret/data/shop/db", {"data": {"user": "shop", "password": password}}, self.root)

    def kill(self):
        """As the kernel ends a process that takes too much memory."""
        self.server.process.kill()
        self.server.process.wait()

    def come_back(self):
        self.server.start()
        self.server.unseal(self.server.share)

    def stop(self):
        self.server.stop()
