"""Keys, signed tokens (JWT) and TLS certificates for the stand-ins, made by the command `openssl`.

A token is put together from text, so that it may also be wrong in any way that a test needs.
"""

import base64
import hashlib
import hmac
import json
import subprocess
from pathlib import Path

# Algorithm: kind of key, arguments of `openssl dgst`, octets of a coordinate (ECDSA only).
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
ALGORITHMS = {
    "RS256": ("RSA", ["-sha256"], 0),
    "RS384": ("RSA", ["-sha384"], 0),
    "RS512": ("RSA", ["-sha512"], 0),
    "PS256": ("RSA", ["-sha256", *PSS], 0),
    "ES256": ("P-256", ["-sha256"], 32),
    "ES384": ("P-384", ["-sha384"], 48),
    "EdDSA": ("Ed25519", None, 0),
}
MAKE = {
    "RSA": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "P-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "P-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "Ed25519": ["-algorithm", "ED25519"],
}


def openssl(*arguments, data=b"", folder=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, cwd=folder, check=True, capture_output=True)
    return done.stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key pair in a folder; its name, `kid`, is told by its public half."""

    def __init__(self, kind, folder, number=0):
        self.kind, self.file = kind, Path(folder) / f"{kind}-{number}.pem"
        openssl("genpkey", *MAKE[kind], "-out", self.file)
        self.pem = openssl("pkey", "-in", self.file, "-pubout").decode()
        self.der = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")
        self.kid = hashlib.sha256(self.der).hexdigest()[:16]

    def jwk(self):
        """The public half as a key server publishes it."""
        common = {"use": "sig", "kid": self.kid}
        if self.kind == "RSA":
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1]
            return common | {"kty": "RSA", "alg": "RS256", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB"}
        if self.kind == "Ed25519":
            return common | {"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "x": base64url(self.der[-32:])}
        octets = {"P-256": 32, "P-384": 48}[self.kind]
        point = self.der[-2 * octets:]
        return common | {"kty": "EC", "alg": f"ES{octets * 8}", "crv": self.kind, "x": base64url(point[:octets]), "y": base64url(point[octets:])}

    def sign(self, algorithm, data):
        _, digest, octets = ALGORITHMS[algorithm]
        if digest is None:
            message = self.file.with_suffix(".message")
            message.write_bytes(data)
            return openssl("pkeyutl", "-sign", "-inkey", self.file, "-rawin", "-in", message)
        signature = openssl("dgst", *digest, "-sign", self.file, data=data)
        return join_integers(signature, octets) if octets else signature


def join_integers(der, octets):
    """An ECDSA signature of openssl, SEQUENCE of two INTEGERs, as JWT has it: two numbers of fixed length."""
    at, numbers = (3 if der[1] & 0x80 else 2), []
    for _ in range(2):
        size = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(octets, "big"))
        at += 2 + size
    return b"".join(numbers)


def token(payload, algorithm, key, header=None):
    """A signed token. `payload` is text or a table; `header` changes the usual header, `""` takes a field away.

    `none` leaves the signature out, and `HS256` takes the text of the public key for a secret: two old attacks."""
    text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
    fields = {"alg": algorithm, "typ": "JWT", "kid": key.kid} | (header or {})
    fields = {name: value for name, value in fields.items() if value != ""}
    signed = f"{base64url(json.dumps(fields, separators=(',', ':')).encode())}.{base64url(text.encode())}"
    if algorithm == "none":
        signature = b""
    elif algorithm == "HS256":
        signature = hmac.new(key.pem.encode(), signed.encode(), "sha256").digest()
    else:
        signature = key.sign(algorithm, signed.encode())
    return f"{signed}.{base64url(signature)}"


def authority(folder):
    """An authority and the certificate of a server at 127.0.0.1: the files `ca.pem`, `server.pem` and `server.key`."""
    folder = Path(folder)
    for name in ("ca", "server"):
        openssl("genpkey", *MAKE["P-256"], "-out", f"{name}.key", folder=folder)
    openssl("req", "-x509", "-key", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority of the stand-ins",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign", folder=folder)
    openssl("req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-key", "server.key", "-out", "server.pem", "-days", "2",
            "-subj", "/CN=stand-in", "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", "extendedKeyUsage=serverAuth", "-addext", "keyUsage=critical,digitalSignature", folder=folder)
    return folder
