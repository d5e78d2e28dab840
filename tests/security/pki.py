"""Certificates made while a test runs, by the openssl command, so that no key is ever committed."""

import os
import subprocess


def openssl(*arguments, text=None):
    """Runs the command; returns its output."""
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {' '.join(arguments)}: {done.stderr}"
    return done.stdout


class Authority:
    """A CA of our own. Files are `<name>.pem` and `<name>.key` in its folder."""

    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.name = name
        openssl("req", "-x509", *self._new_key(name), "-out", self.path(name + ".pem"), "-days", "30",
                "-subj", f"/CN={name}")

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def file(self):
        return self.path(self.name + ".pem")

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.path(name + ".key")]

    def issue(self, name, alt_names, days=30):
        """Days may be negative: a certificate that has ended. Returns the paths of certificate and key."""
        certificate, request, extensions = (self.path(name + end) for end in (".pem", ".csr", ".ext"))
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={alt_names}\n")
        openssl("req", *self._new_key(name), "-out", request, "-subj", f"/CN={name}")
        validity = ["-days", str(days)]
        if days < 0:
            # `openssl x509` knows no date before today, `openssl ca` does.
            self._issue_ended(request, certificate, extensions)
        else:
            openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.path(self.name + ".key"),
                    "-CAcreateserial", "-out", certificate, "-extfile", extensions, *validity)
        return certificate, self.path(name + ".key")

    def _issue_ended(self, request, certificate, extensions):
        config, index = self.path("ended.cnf"), self.path("ended.idx")
        with open(index, "w", encoding="utf-8"):
            pass
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={index}\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
                       "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-notext", "-config", config, "-cert", self.file, "-keyfile",
                self.path(self.name + ".key"), "-in", request, "-out", certificate, "-extfile", extensions,
                "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
