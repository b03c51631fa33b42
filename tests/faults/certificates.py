"""Certificates made by openssl: good, expired, of another authority, for another name."""

import subprocess

CONFIG = """\
[ca]
default_ca = own
[own]
database = %(name)s.db
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = IP:%(address)s
extendedKeyUsage = serverAuth
basicConstraints = CA:FALSE
authorityKeyIdentifier = keyid
"""


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def moment(at):
    """`-2 days` as openssl writes a date."""
    asked = subprocess.run(["date", "-u", "-d", at, "+%Y%m%d%H%M%SZ"], check=True, capture_output=True, text=True)
    return asked.stdout.strip()


class Authority:
    """A certificate authority with its files in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.certificate = folder, folder / "ca.pem"
        folder.mkdir()
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test authority",
                "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, name, address="127.0.0.1", begins="-1 hour", ends="+1 day"):
        """Certificate and key of a server."""
        folder, config = self.folder, self.folder / f"{name}.cnf"
        config.write_text(CONFIG % {"name": name, "address": address})
        (folder / f"{name}.db").write_text("")
        openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(folder, "ca", "-batch", "-config", config, "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext",
                "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", moment(begins), "-enddate", moment(ends))
        return folder / f"{name}.pem", folder / f"{name}.key"
