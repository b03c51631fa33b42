"""Authorities and certificates of TLS clients, made as scenarios ask for them by `openssl ca`."""

import subprocess
from pathlib import Path

from signing import MAKE, openssl

CONFIG = """\
[ca]
default_ca = own
[own]
dir = {folder}
database = {folder}/{authority}.db
crlnumber = {folder}/{authority}.crlnumber
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
default_crl_days = 2
policy = any
x509_extensions = client
[any]
commonName = optional
organizationName = optional
organizationalUnitName = optional
[client]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{extensions}
"""


def moment(text):
    """`-2 days` as openssl writes a date."""
    asked = subprocess.run(["date", "-u", "-d", text, "+%Y%m%d%H%M%SZ"], check=True, capture_output=True, text=True)
    return asked.stdout.strip()


class Clients:
    """A folder with what was made; names are those that the scenario gave."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def run(self, step):
        """Does one step; the PEM that it makes."""
        if "authority" in step:
            return self.authority(step["authority"])
        if "revoked" in step:
            return self.revoked(step["revoked"], step["by"])
        return self.certificate(step)

    def authority(self, name):
        openssl("genpkey", *MAKE["P-256"], "-out", f"{name}.key", folder=self.folder)
        openssl("req", "-x509", "-key", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN=authority {name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign", folder=self.folder)
        (self.folder / f"{name}.db").write_text("")
        (self.folder / f"{name}.db.attr").write_text("unique_subject = no\n")
        (self.folder / f"{name}.crlnumber").write_text("01\n")
        return (self.folder / f"{name}.pem").read_text()

    def certificate(self, step):
        """A client's certificate; the file that is used for TLS holds the key as well."""
        name, authority = step["certificate"], step["by"]
        extensions = [f"extendedKeyUsage = {step.get('usage', 'clientAuth')}", *step.get("extensions", [])]
        extensions += [f"subjectAltName = {step['names']}"] if "names" in step else []
        config = self.config(authority, extensions)
        openssl("genpkey", *MAKE["P-256"], "-out", f"{name}.key", folder=self.folder)
        openssl("req", "-new", "-key", f"{name}.key", "-subj", step.get("subject", f"/CN={name}"), "-out", f"{name}.csr", folder=self.folder)
        openssl("ca", "-batch", "-config", config, "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", "-cert", f"{authority}.pem",
                "-keyfile", f"{authority}.key", "-startdate", moment(step.get("begins", "-2 hours")), "-enddate", moment(step.get("ends", "+1 day")),
                folder=self.folder)
        text = (self.folder / f"{name}.pem").read_text()
        self.file(name).write_text(text + (self.folder / f"{name}.key").read_text())
        return text

    def revoked(self, names, authority):
        """The authority's revocation list with these certificates on it."""
        config = self.config(authority, [])
        for name in names:
            openssl("ca", "-config", config, "-revoke", f"{name}.pem", "-cert", f"{authority}.pem", "-keyfile", f"{authority}.key", folder=self.folder)
        return openssl("ca", "-config", config, "-gencrl", "-cert", f"{authority}.pem", "-keyfile", f"{authority}.key", folder=self.folder).decode()

    def config(self, authority, extensions):
        file = self.folder / f"{authority}.cnf"
        file.write_text(CONFIG.format(folder=self.folder, authority=authority, extensions="\n".join(extensions)))
        return file

    def file(self, name):
        return self.folder / f"{name}.client.pem"
