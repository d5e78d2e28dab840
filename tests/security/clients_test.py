"""Client certificates: each client_auth_type, the names, and who is turned away."""

import os
import subprocess
import unittest

from locked import LockedTest
from pki import Authority

# Who gets in: nobody's certificate, ours, one of another CA, one that has ended.
NOBODY, OURS, OTHERS, ENDED = None, "client", "stranger", "ended"
LET_IN = {
    "NoClientCert": {NOBODY, OURS, OTHERS, ENDED},
    "RequestClientCert": {NOBODY, OURS, OTHERS, ENDED},
    "RequireAnyClientCert": {OURS, OTHERS, ENDED},
    "RequireClientCert": {OURS, OTHERS, ENDED},
    "VerifyClientCertIfGiven": {NOBODY, OURS},
    "RequireAndVerifyClientCert": {OURS},
}
NAMES = {"dns": "prometheus.test", "ip": "10.1.2.3", "ip6": "2001:db8:0:0::1", "mail": "ops@example.test",
         "uri": "spiffe://example.test/prometheus"}
ALT_NAMES = {"dns": "DNS:prometheus.test", "ip": "IP:10.1.2.3", "ip6": "IP:2001:db8::1",
             "mail": "email:ops@example.test", "uri": "URI:spiffe://example.test/prometheus"}


class ClientsTest(LockedTest):
    def setUp(self):
        super().setUp()
        Authority(self.folder(), "other_ca").issue(OTHERS, "DNS:prometheus.test")
        self.ca.issue(ENDED, "DNS:prometheus.test", days=-1)

    def check(self, exporter, let_in, clients):
        for client in clients:
            with self.subTest(client=client):
                if client in let_in:
                    self.assertEqual(self.get(exporter, "/-/healthy", client=client).status, 200)
                else:
                    self.assert_turned_away(exporter, client)

    def flags(self, client, certificate, key):
        return [certificate, self.path(client + ".pem"), key, self.path(client + ".key")] if client else []

    def curl(self, exporter, client):
        """The status that curl gets, 0 for none."""
        url = exporter.url.replace("http:", "https:") + "/-/healthy"
        done = subprocess.run(["curl", "-s", "--cacert", self.ca.file, *self.flags(client, "--cert", "--key"), "-o",
                               os.devnull, "-w", "%{http_code}", url], capture_output=True, text=True, check=False)
        return int(done.stdout)

    def s_client(self, exporter, client):
        """The status that a request by openssl's own client gets, 0 for none."""
        done = subprocess.run(
            ["openssl", "s_client", "-quiet", "-connect", exporter.url.removeprefix("http://"), "-CAfile", self.ca.file,
             *self.flags(client, "-cert", "-key")], input="GET /-/healthy HTTP/1.0\r\n\r\n", capture_output=True,
            text=True, check=False)
        return int(done.stdout.split(" ")[1]) if done.stdout.startswith("HTTP/1.") else 0

    def test_each_auth_type(self):
        for auth, let_in in LET_IN.items():
            ca = "" if auth == "NoClientCert" else "\nclient_ca_file: ca.pem"
            for version in ("TLS12", "TLS13"):
                self.configure(f"client_auth_type: {auth}{ca}\nmin_version: {version}\nmax_version: {version}")
                exporter = self.start()
                with self.subTest(auth=auth, version=version):
                    self.check(exporter, let_in, (NOBODY, OURS, OTHERS, ENDED))
                    for client in (NOBODY, OURS, OTHERS, ENDED):
                        status = 200 if client in let_in else 0
                        self.assertEqual(self.curl(exporter, client), status, f"curl as {client}")
                        self.assertEqual(self.s_client(exporter, client), status, f"openssl s_client as {client}")
                exporter.stop()

    def test_without_a_ca_the_systems_count(self):
        self.configure("client_auth_type: RequireAndVerifyClientCert")
        self.check(self.start(), set(), (NOBODY, OURS, OTHERS))

    def test_names(self):
        for kind, alt_name in ALT_NAMES.items():
            self.ca.issue(kind, alt_name)
        self.ca.issue("several", "DNS:a.test,DNS:prometheus.test")
        for kind, name in NAMES.items():
            self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem\n"
                           f'client_allowed_sans: [nobody.test, "{name}"]')
            exporter = self.start()
            with self.subTest(kind=kind):
                self.check(exporter, {kind, "several"} if kind == "dns" else {kind}, [*ALT_NAMES, "several", NOBODY])
            exporter.stop()

    def test_names_count_letter_by_letter(self):
        certificates = {"capital": "DNS:Prometheus.test", "wildcard": "DNS:*.test", "suffix": "DNS:prometheus.test.",
                        "longer": "DNS:prometheus.tests", "as_mail": "email:prometheus.test"}
        for name, alt_name in certificates.items():
            self.ca.issue(name, alt_name)
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem\n"
                       "client_allowed_sans: [prometheus.test]")
        # The kind of a name does not count, as in the format's other implementations.
        self.check(self.start(), {OURS, "as_mail"}, [*certificates, OURS, OTHERS, ENDED])

    def test_names_of_unverified_certificates(self):
        self.configure("client_auth_type: RequireAnyClientCert\nclient_allowed_sans: [prometheus.test]")
        self.ca.issue("other_name", "DNS:other.test")
        self.check(self.start(), {OURS, OTHERS, ENDED}, (NOBODY, OURS, OTHERS, ENDED, "other_name"))

    def test_a_server_certificate_is_no_client_certificate(self):
        self.ca.issue("server_only", "DNS:prometheus.test\nextendedKeyUsage=serverAuth")
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem")
        self.check(self.start(), {OURS}, (OURS, "server_only"))

    def test_the_log_says_why(self):
        self.configure("client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem\n"
                       "client_allowed_sans: [other.test]")
        exporter = self.start("--log.level", "debug")
        for client in (NOBODY, OURS, OTHERS, ENDED):
            self.assert_turned_away(exporter, client)
        exporter.stop()
        causes = [line["cause"] for line in exporter.log(msg="TLS handshake failed")]
        self.assertEqual(causes, ["peer did not return a certificate",
                                  "the client's certificate has none of the allowed names",
                                  "client certificate: unable to get local issuer certificate",
                                  "client certificate: certificate has expired"])


if __name__ == "__main__":
    unittest.main()
