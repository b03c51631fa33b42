"""What is no request, no policy, no configuration and no share: tables, and what is generated from them."""

import base64
import json
import random

# ------------------------------------------------------------------------ paths

# Behind `/v1/`, as they are sent. Each is refused, or redirected to the path that it can be cleaned to.
PATHS = [
    "kv1/%", "kv1/%2", "kv1/%zz", "kv1/%g0", "kv1/%0", "kv1/a%", "kv1/%%30", "kv1/%u0041",
    "kv1/%00", "kv1/a%00b", "kv1/%01", "kv1/%0a", "kv1/%0d%0aset-cookie:x", "kv1/%1b[31m", "kv1/%7f", "kv1/%c2%80", "kv1/%c2%85",
    "kv1/%ff", "kv1/%c0%af", "kv1/%c0%ae%c0%ae", "kv1/%e0%80%af", "kv1/%ed%a0%80", "kv1/%f5%80%80%80", "kv1/%80", "kv1/%c3",
    "kv1/%2e", "kv1/%2e%2e", "kv1/a/%2e%2e/b", "kv1/%2e./b", "kv1/.%2e/b", "kv1/%2E%2E%2fsys", "kv1/..%2fsys/seal", "kv1/%2e%2e%5csys",
    "kv1/..", "kv1/../sys/mounts", "kv1/./a", "kv1//a", "kv1/a//", "kv1///", "./kv1/a", "../v1/kv1/a", "kv1/a/../../../sys/mounts",
    "kv1/a%2f", "kv1/%2f", "kv1/%2f%2f", "", "/", "?", "%2fsys/mounts", "sys", "sys/", "sys//mounts", "sys/mounts/..%2f..",
    "no/such/mount", "sys/no-such-endpoint", "auth/no-such-mount/login", "auth//login", "auth/", "auth/token/", "auth/token/no-such",
    "secret/data/", "secret/data", "secret/", "secret/no-such-area/a", "secret/data/a?version=x", "secret/data/a?version=-1",
    "secret/data/a?version=99999999999999999999", "secret/data/a?version=1.5", "secret/metadata/a?list=maybe", "secret/metadata?list=2",
    "sys/policies/acl/no%20such%20policy%00", "sys/policies/acl/" + "p" * 200, "sys/leases/lookup/%00",
] + ["kv1/" + "a" * 1100, "kv1/" + "a/" * 70 + "a", "kv1/" + "%61" * 1100, "a" * 4000]
# Read with root's token: nothing of that kind is there.

# ----------------------------------------------------------------------- bodies

DEEP = 40


def nested(open_, close, depth):
    return open_ * depth + close * depth


# Written to a path that takes any object, or tried where one field is wanted.
BODIES = [
    b"{", b"}", b"[", b"[]", b"[1]", b'"text"', b"1", b"true", b"nul", b"{]", b"[}", b"{,}", b'{"a"}', b'{"a":}', b'{"a":1,}', b"{'a':1}",
    b'{a:1}', b'{"a":1}{"b":2}', b'{"a":1} x', b'{"a":1}\0', b'{"a":01}', b'{"a":1.}', b'{"a":.5}', b'{"a":+1}', b'{"a":1e}', b'{"a":--1}',
    b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e400}', b'{"a":0x10}', b'{"a":1_000}', b'{"a":"\n"}', b'{"a":"\t"}', b'{"a":"\0"}',
    b'{"a":"\\x"}', b'{"a":"\\u12"}', b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"a":"', b'{"a":"b', b'{"a":"\\', b'{"a":tru}',
    b'{"a":\xff}', b'{"a":"\xff"}', b'{"\xff":1}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0", b"\0", b"\0\0\0\0",
    b"// comment\n{}", b"/* */{}", b"{}//", b"<xml/>", b"---\na: 1\n", b"a=1&b=2", b"a\x7f", b"\x1f\x8b\x08\0\0\0\0\0",
    nested('{"a":', "}", DEEP).replace("}", "1}", 1).encode(), nested("[", "]", 1000).encode(), b'{"a":' + nested("[", "]", DEEP).encode() + b"}",
    b'{"a":' + b"[" * 100_000, b"{" * 100_000, b'{"a":[' + b"0," * 11_000 + b"0]}", b"{" + b",".join(b'"k%d":0' % at for at in range(11_000)) + b"}",
    b'{"a":' + b"9" * 5000 + b"}",
]

# ------------------------------------------------------- fields of a wrong type

WRONG = [None, True, -1, 1.5, 10**30, "", "\u0000", "x" * 5000, [], [[]], {}, {"a": {"b": []}}, ["a", 1], "1h2", "-5m", "99999999999h", "../../etc", "root"]
# What no value of WRONG may set: an endpoint, its method, and the fields that are tried one by one.
FIELDS = {
    ("POST", "/v1/auth/token/create"): ["ttl", "policies", "num_uses", "period", "explicit_max_ttl", "meta", "id", "type", "no_parent", "renewable", "display_name", "entity_alias"],
    ("POST", "/v1/auth/token/roles/r"): ["allowed_policies", "token_bound_cidrs", "token_period", "token_type", "orphan", "path_suffix"],
    ("POST", "/v1/auth/userpass/users/u"): ["password", "token_policies", "token_ttl", "token_bound_cidrs", "token_num_uses", "token_type"],
    ("POST", "/v1/auth/approle/role/r"): ["bind_secret_id", "secret_id_ttl", "secret_id_num_uses", "token_bound_cidrs", "role_id", "policies"],
    ("POST", "/v1/auth/cert/certs/c"): ["certificate", "allowed_names", "required_extensions", "lease", "ocsp_enabled", "token_ttl"],
    ("POST", "/v1/auth/cert/crls/c"): ["crl", "url"],
    ("POST", "/v1/auth/cert/config"): ["disable_binding", "ocsp_cache_size"],
    ("POST", "/v1/auth/cert/login"): ["name"],
    ("POST", "/v1/auth/userpass/login/u"): ["password"],
    ("POST", "/v1/auth/approle/login"): ["role_id", "secret_id"],
    ("POST", "/v1/secret/data/wrong"): ["data", "options"],
    ("POST", "/v1/secret/metadata/wrong"): ["max_versions", "cas_required", "delete_version_after", "custom_metadata"],
    ("POST", "/v1/secret/config"): ["max_versions", "cas_required", "delete_version_after"],
    ("POST", "/v1/secret/delete/kept"): ["versions"],
    ("POST", "/v1/sys/mounts/wrong"): ["type", "config", "options", "description", "local"],
    ("POST", "/v1/sys/auth/wrong"): ["type", "config"],
    ("POST", "/v1/sys/mounts/kv1/tune"): ["default_lease_ttl", "max_lease_ttl", "options", "description", "listing_visibility"],
    ("POST", "/v1/sys/remount"): ["from", "to"],
    ("POST", "/v1/sys/capabilities-self"): ["path", "paths"],
    ("POST", "/v1/sys/tools/random"): ["bytes", "format", "source"],
    ("POST", "/v1/sys/tools/hash"): ["input", "algorithm", "format"],
    ("POST", "/v1/sys/wrapping/unwrap"): ["token"],
    ("POST", "/v1/sys/wrapping/lookup"): ["token"],
    ("PUT", "/v1/sys/leases/renew"): ["lease_id", "increment"],
    ("PUT", "/v1/sys/leases/revoke"): ["lease_id"],
    ("PUT", "/v1/sys/rekey/init"): ["secret_shares", "secret_threshold", "pgp_keys"],
    ("PUT", "/v1/sys/rekey/update"): ["key", "nonce"],
    ("PUT", "/v1/sys/generate-root/update"): ["key", "nonce"],
    ("PUT", "/v1/sys/rotate/config"): ["max_operations", "interval", "enabled"],
    ("PUT", "/v1/sys/audit/wrong"): ["type", "options"],
    ("PUT", "/v1/sys/config/ui/headers/x"): ["values"],
    ("PUT", "/v1/sys/policies/acl/wrong"): ["policy"],
    ("PUT", "/v1/sys/init"): ["secret_shares", "secret_threshold"],
}

# ---------------------------------------------------------------------- headers

HEADERS = [
    {"X-Vault-Wrap-TTL": it} for it in ("soon", "-1", "1x", "1h1", "99999999999999999999", "1e9", "0x10", " ", "\t", "1h;", "PT1H", "\u00e9")
] + [
    {"X-Strongroom-Lease": it} for it in ("soon", "-1", "1x", "99999999999999999999s")
] + [
    {"X-Vault-Namespace": it} for it in ("other", "../root", "root/x", "%2e%2e", "a" * 3000, "\x7f")
] + [
    {"X-Vault-Token": it} for it in ("x", "hvs.", "hvs." + "A" * 10, "hvs." + "A" * 5000, "hvb.AAAA", "s.aaaaaaaaaaaaaaaaaaaaaaaa", "hvs.!!!!", "\u00e9\u00ff", "root", "null", "Bearer x", "../", "hvs." + base64.urlsafe_b64encode(bytes(52)).decode())
] + [
    {"Content-Encoding": it} for it in ("gzip", "deflate", "br", "x", "identity, gzip")
]

# ---------------------------------------------------- bytes that are no HTTP/1.1

GET, POST = b"GET /v1/sys/mounts HTTP/1.1\r\n", b"POST /v1/kv1/raw HTTP/1.1\r\nhost: x\r\n"
HTTP1 = [
    b"\r\n\r\n\r\n\r\n\0", b"\n\n\nGET / HTTP/1.1\n\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n", b"GET / HTTP/1.2\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/11\r\n\r\n", b"get /v1/a HTTP/1.1\r\n\r\n", b"G\0T / HTTP/1.1\r\n\r\n", b" GET / HTTP/1.1\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1 x\r\n\r\n", b"GET /v1/a b HTTP/1.1\r\n\r\n", b"GET\t/\tHTTP/1.1\r\n\r\n", b"GET /v1/\x00 HTTP/1.1\r\n\r\n", b"GET /v1/\xff HTTP/1.1\r\n\r\n",
    b"GET http://x/v1/sys/mounts#f HTTP/1.1\r\n\r\n", b"GET * HTTP/1.1\r\nhost: x\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + GET + b"\r\n",
    GET + b"host x\r\n\r\n", GET + b": x\r\n\r\n", GET + b"host : x\r\n\r\n", GET + b" host: x\r\n\r\n", GET + b"ho st: x\r\n\r\n", GET + b"h\0st: x\r\n\r\n", GET + b"host: x\0y\r\n\r\n",
    GET + b"x: a\r\n b\r\n\r\n", GET + b"x: a\r\n\tb\r\n\r\n", GET + b"x: a\rb: c\r\n\r\n", GET + b"x: a\nb: c\r\n\r\n", GET + b"x: a\r\r\n\r\n", GET + b"x\xc3\xa9: a\r\n\r\n", GET + b"(x): a\r\n\r\n",
    GET + b"x: " + b"a" * 20_000 + b"\r\n\r\n", GET + b"x" * 20_000 + b": a\r\n\r\n", GET + b"".join(b"x-%d: a\r\n" % at for at in range(100)) + b"\r\n",
    b"GET /v1/" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"A" * 20_000 + b" / HTTP/1.1\r\n\r\n", b"A" * 40_000,
    POST + b"content-length: -1\r\n\r\n", POST + b"content-length: +1\r\n\r\na", POST + b"content-length: 1e1\r\n\r\n", POST + b"content-length: 0x1\r\n\r\n", POST + b"content-length: \r\n\r\n",
    POST + b"content-length: 1, 1\r\n\r\na", POST + b"content-length: 1\r\ncontent-length: 1\r\n\r\na", POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    POST + b"content-length: 18446744073709551616\r\n\r\n", POST + b"content-length: 18446744073709551615\r\n\r\n", POST + b"content-length: 33554433\r\n\r\n", POST + b"content-length: 1 1\r\n\r\na",
    POST + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", POST + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n",
    POST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", POST + b"transfer-encoding: identity\r\n\r\n", POST + b"transfer-encoding: gzip\r\n\r\n",
    POST + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", POST + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n", POST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n", POST.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
] + [POST + b"transfer-encoding: chunked\r\n\r\n" + chunk for chunk in (
    b"x\r\n\r\n", b"-1\r\n\r\n", b"0x1\r\na\r\n0\r\n\r\n", b" 1\r\na\r\n0\r\n\r\n", b"1\na\n0\n\n", b"1\r\nab\r\n0\r\n\r\n", b"2\r\na\r\n0\r\n\r\n\r\n", b"ffffffffffffffffff\r\n", b"10000000000000000\r\n",
    b"\r\n0\r\n\r\n", b"1;" + b"x" * 20_000 + b"\r\na\r\n0\r\n\r\n", b"0\r\n" + b"t: x\r\n" * 3000 + b"\r\n", b"1\r\na0\r\n\r\n", b"g\r\n\r\n", b"1\r\n\0\r\n0\r\n\r\n",
)]

# --------------------------------------------------------------------- policies

POLICIES = [
    "x", "path", "path {", 'path "a"', 'path "a" {', 'path "a" }', 'path "a" { capabilities = "read }', 'path "a" { capabilities = [read] }',
    'path "a" { capabilities = ["read" }', 'path "a" { capabilities = ["read",, "list"] }', 'path "a" { capabilities = ["fly"] }', 'path "a" { capabilities = [1] }', 'path "a" { capabilities = {} }',
    'path "a" { capabilites = ["read"] }', 'path "a" { policy = "none" }', 'path "a" "b" { capabilities = ["read"] }', 'paths "a" { capabilities = ["read"] }', 'path "a" { capabilities = ["read"] } x',
    'path "a" { capabilities = ["read"] capabilities = ["list"] }', 'path "a" { max_wrapping_ttl = "soon" }', 'path "a" { min_wrapping_ttl = "2h" max_wrapping_ttl = "1h" }',
    'path "a" { allowed_parameters = ["x"] }', 'path "a" { allowed_parameters = { x = "y" } }', 'path "a" { required_parameters = { x = [] } }', 'path "a" { capabilities = ["read"] path "b" {} }',
    'path "{{identity.entity.name" { capabilities = ["read"] }', 'path "{{no.such}}" { capabilities = ["read"] }',
    'path "a" { capabilities = ["read"] } path "a" {', '"path" "a" = 1', "{", "[]", '{"path": 1}', '{"path": {"a": {"capabilities": ["fly"]}}}', '{"path": {"a": {"capabilities": ["read"]}}', '{"x": {}}',
    'path "\\x" { capabilities = ["read"] }', 'path "a\n" { capabilities = ["read"] }', 'path "a" { capabilities = ["read"] /* }', 'path "a" { x = <<EOT\n', "path \"a\" { capabilities = [\"read\"] }\0",
    'path "a" { capabilities == ["read"] }', "path \u201ca\u201d { capabilities = [\"read\"] }",
    'path "a" ' + "{ x " * 200, "[" * 5000, '{"path":' * 3000,
    "\n".join('path "a%d/+/+/b" { capabilities = ["read"] }' % at for at in range(20_000)),
    "\n".join('path "%s" { capabilities = ["read"] }' % "/".join("+" if at >> bit & 1 else "x" for bit in range(8)) for at in range(200)),
]

# --------------------------------------------------------------- configurations

LISTENER = 'listener "tcp" {\n  address = "127.0.0.1:0"\n  tls_disable = true\n}\n'
CONFIGS = [
    "", "x", "{", "[]", "1", '"', "storage", "storage {", 'storage "inmem"', 'storage "inmem" {', LISTENER, 'storage "inmem" {}', 'storage "inmem" {}\nlistener "tcp" {}',
] + ['storage "inmem" {}\n' + LISTENER + it for it in (
    "}", "x = 1", "x {}", 'storage "inmem" {', "log_level = 1", 'log_level = "loud"', "log_level = []", "log_level = {}", "ui = 1.5", 'ui = "maybe"', "disable_mlock = []", 'disable_mlock = "perhaps"',
    'max_lease_ttl = "soon"', "max_lease_ttl = []", 'default_lease_ttl = "-1h"', 'answers = "both"', "api_addr = 1", "cluster_name = {}", 'seal "x" {}', 'seal "keyfile" {}', 'seal "keyfile" { path = 1 }',
    'seal "keyfile" { path = "/no/such/file" }', 'seal "keyfile" { path = "/etc/passwd" }', 'seal "credential" {}', 'seal "credential" { name = "../x" }', 'seal "credential" { name = "a/b" }', 'seal "awskms" {}',
    'seal "shamir" { x = 1 }', 'listener "tcp" { address = "127.0.0.1:0" }', 'listener "tcp" { tls_cert_file = "/no/such" tls_key_file = "/no/such" }', 'listener "tcp" { tls_disable = "x" }',
    'listener "tcp" {\n tls_disable = true\n address = "127.0.0.1:99999"\n}', 'listener "tcp" {\n tls_disable = true\n address = "no.such.host.invalid:1"\n}', 'listener "tcp" {\n tls_disable = true\n address = ":::"\n}',
    'listener "udp" {}', 'listener "unix" {}', 'listener "unix" { address = "" }', 'listener "unix" { address = "/no/such/folder/s" }', 'listener "unix" {\n address = "/tmp/x"\n socket_mode = "999"\n}',
    'listener "tcp" {\n tls_disable = true\n max_request_size = "big"\n}', 'listener "tcp" {\n tls_disable = true\n x_forwarded_for_authorized_addrs = "x"\n}', 'listener "tcp" {\n tls_disable = true\n http_read_timeout = "x"\n}',
    'audit "file" {}', 'audit "syslog" "a" {}', 'audit "socket" "a" {}', 'audit "file" "a" {}',
    'audit "file" "a" {\n options {\n file_path = "/tmp/x"\n log_raw = true\n}\n}', 'audit "file" "a" {\n options {\n file_path = "/tmp/x"\n mode = "0777"\n}\n}', 'audit "file" "a" {\n options {\n file_path = "/tmp/x"\n prefix = "x"\n}\n}',
    'storage "consul" {}', 'storage "x" {}', 'telemetry { x = 1 }', "cluster_name = \"a\"\ncluster_name = \"b\"", "a = <<EOT\nx", "/* ", "\0", "\u0000= 1", "log_level = \"${env}\"", "x = " + "[" * 5000, "{" * 5000,
)] + ['storage "sqlite" {}\n' + LISTENER, 'storage "sqlite" { path = 1 }\n' + LISTENER, 'storage "sqlite" { path = "" }\n' + LISTENER, 'storage "sqlite" { path = "/proc/no" }\n' + LISTENER, 'storage "sqlite" { path = "/dev/null" }\n' + LISTENER]

# ----------------------------------------------------------------------- shares


def shares(real):
    """Texts that are no share of this store, made of one that is."""
    raw = base64.b64decode(real)
    flipped = [base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]).decode() for at in range(len(raw))]
    cut = [base64.b64encode(raw[:at]).decode() for at in range(0, len(raw), 7)]
    return flipped + cut + [
        "", " ", "x", "=" * 44, "\u0000", real[:-1], real[1:], real + "A", real + real, real.swapcase(), real.replace("=", ""), "-" + real, "0x" + raw.hex(), raw.hex()[:-1], raw.hex() + "00",
        base64.b64encode(bytes(42)).decode(), base64.b64encode(bytes(33)).decode(), base64.b64encode(b"\xff" * 42).decode(), "A" * 100_000, "\u00e9" * 40, json.dumps([1] * 42), raw.hex().upper()[:40],
    ]


# -------------------------------------------------------------------- generated


def mutations(seed, count, originals):
    """So many variations of the originals: bytes cut out, doubled, swapped and changed. The same every time."""
    dice = random.Random(seed)
    for _ in range(count):
        text = bytearray(dice.choice(originals))
        for _ in range(dice.randrange(1, 5)):
            at = dice.randrange(len(text) + 1)
            match dice.randrange(4):
                case 0:
                    del text[at:at + dice.randrange(1, 9)]
                case 1:
                    text[at:at] = text[at:at + dice.randrange(1, 9)]
                case 2:
                    text[at:at] = bytes([dice.randrange(256)])
                case 3 if at < len(text):
                    text[at] = dice.randrange(256)
        yield bytes(text)
