"""Certificates made by openssl: good, expired, of another authority, for another name."""

import subprocess


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)


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
        config.write_text(f"[ca]\ndefault_ca = own\n[own]\ndatabase = {name}.db\nrand_serial = yes\nnew_certs_dir = .\ndefault_md = sha256\npolicy = any\n"
                          f"x509_extensions = server\n[any]\ncommonName = supplied\n"
                          f"[server]\nsubjectAltName = IP:{address}\nextendedKeyUsage = serverAuth\nbasicConstraints = CA:FALSE\n"
                          "authorityKeyIdentifier = keyid\n")
        (folder / f"{name}.db").write_text("")
        dates = [subprocess.run(["date", "-u", "-d", at, "+%Y%m%d%H%M%SZ"], check=True, capture_output=True, text=True).stdout.strip() for at in (begins, ends)]
        openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(folder, "ca", "-batch", "-config", config, "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext",
                "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", dates[0], "-enddate", dates[1])
        return folder / f"{name}.pem", folder / f"{name}.key"
