"""The lock is changed while clients come and go: nobody who may come in is kept waiting, nobody stays who may not,
and a bad edit changes nothing but the metric and the log."""

import os
import shutil
import signal
import ssl
import threading
import time
import unittest

from exposition import Exposition
from locked import CHEAP_HASH, EXPIRY, RELOADS, USER, LockedTest, TlsConnection, basic
from pki import Authority
from support import eventually

MTLS = "client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.pem"
REFUSED = "cannot reload the web configuration: the last good one stays in force"


class Scraper(threading.Thread):
    """Scrapes without a pause until told to stop, and keeps its connection as long as the server does."""

    def __init__(self, address, context, keep_alive):
        super().__init__(daemon=True)
        self.scrapes = self.connections = 0
        self.failures = []
        self._address, self._context, self._keep_alive = address, context, keep_alive
        self._ended = threading.Event()
        self.start()

    def run(self):
        connection = None
        while not self._ended.is_set():
            try:
                if connection is None:
                    connection = TlsConnection(self._address, self._context)
                    self.connections += 1
                answer = connection.get("/metrics")
                assert answer.status == 200, answer
                self.scrapes += 1
                if not self._keep_alive or answer.headers["connection"] == "close":
                    connection.close()
                    connection = None
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(error)
                connection = None
        if connection:
            connection.close()

    def stop(self):
        self._ended.set()
        self.join()


class ReloadTest(LockedTest):
    def rotate(self, name, alt_names):
        """Replaces certificate and key, one after the other, as most tools do."""
        new = Authority.__new__(Authority)
        new.folder, new.name = self.folder(), "ca"
        new.issue("rotated", alt_names)
        os.replace(self.path("rotated.pem"), self.path(name + ".pem"))
        time.sleep(0.2)
        os.replace(self.path("rotated.key"), self.path(name + ".key"))

    def test_rotation_under_load(self):
        self.configure(MTLS)
        exporter = self.start()
        scrapers = [Scraper(self.address(exporter), self.context("client"), keep) for keep in (True, True, False)]
        for number in range(3):
            self.rotate("server", f"DNS:localhost,IP:127.0.0.1,DNS:number{number}")

            def rotated(number=number):
                with self.connect(exporter, "client") as connection:
                    return ("DNS", f"number{number}") in connection.certificate["subjectAltName"]

            eventually(rotated)
        scrapes = [scraper.scrapes for scraper in scrapers]
        eventually(lambda: all(scraper.scrapes > before + 5 for scraper, before in zip(scrapers, scrapes)))
        for scraper in scrapers:
            scraper.stop()
            self.assertEqual(scraper.failures, [])
        # One connection for each certificate: old ones are not kept for ever, and not thrown away either.
        self.assertEqual([scraper.connections for scraper in scrapers[:2]], [4, 4])
        self.report(f"{sum(scraper.scrapes for scraper in scrapers)} scrapes, none failed")
        self.assertEqual(self.page(exporter, client="client").value(RELOADS), 1)

    def test_the_metric_follows_the_certificate(self):
        self.configure()
        exporter = self.start()
        self.assertAlmostEqual(self.page(exporter).value(EXPIRY), time.time() + 30 * 86400, delta=600)
        self.ca.issue("server", "DNS:localhost,IP:127.0.0.1", days=90)
        eventually(lambda: abs(self.page(exporter).value(EXPIRY) - time.time() - 90 * 86400) < 600)

    def test_revoked_name(self):
        self.ca.issue("second", "DNS:second.test")
        self.configure(MTLS + "\nclient_allowed_sans: [prometheus.test, second.test]")
        exporter = self.start()
        kept = {name: self.connect(exporter, name) for name in ("client", "second")}
        for connection in kept.values():
            self.assertEqual(connection.get("/metrics").status, 200)
        self.configure(MTLS + "\nclient_allowed_sans: [second.test]")
        self.await_reload(exporter)
        # The open connection of who may stay is served and then replaced, that of the other is closed.
        answer = kept["second"].get("/metrics")
        self.assertEqual((answer.status, answer.headers["connection"]), (200, "close"))
        with self.assertRaises(ConnectionError):
            kept["client"].get("/metrics")
        self.assert_turned_away(exporter, "client")
        self.assertEqual(self.get(exporter, "/metrics", client="second").status, 200)

    def test_replaced_ca(self):
        self.configure(MTLS)
        exporter = self.start()
        kept = self.connect(exporter, "client")
        self.assertEqual(kept.get("/metrics").status, 200)
        Authority(self.folder(), "other").issue("newcomer", "DNS:newcomer.test")
        self.assert_turned_away(exporter, "newcomer")
        shutil.copy(self.path("ca.pem"), self.path("old.pem"))
        os.replace(self.path("other.pem"), self.path("ca.pem"))
        self.await_reload(exporter)
        with self.assertRaises(ConnectionError):
            kept.get("/metrics")
        trusting = self.context("newcomer", ca=self.path("old.pem"))
        self.assertEqual(self.get(exporter, "/metrics", context=trusting).status, 200)
        self.assert_turned_away(exporter, context=self.context("client", ca=self.path("old.pem")))

    def test_users(self):
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}, other: {CHEAP_HASH}}}")
        exporter = self.start()
        self.assertEqual(exporter.get("/metrics", headers=basic("other")).status, 200)
        self.configure(tls=None, rest=f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}")
        self.await_reload(exporter)
        self.assertEqual(exporter.get("/metrics", headers=basic("other")).status, 401)
        self.assertEqual(exporter.get("/metrics", headers=basic()).status, 200)

    def test_a_broken_edit_changes_nothing(self):
        self.configure(MTLS)
        exporter = self.start()
        scraper = Scraper(self.address(exporter), self.context("client"), False)
        good = self.page(exporter, client="client")
        self.configure(MTLS + "\nmin_version: TLS99")
        eventually(lambda: self.page(exporter, client="client").value(RELOADS) == 0)
        line = exporter.log(msg=REFUSED)[0]
        self.assertEqual(line["level"], "error")
        self.assertEqual(line["because_of"], "a change of its files")
        self.assertEqual(line["cause"], f"{self.path('web.yml')}:6: tls_server_config.min_version is 'TLS99', "
                                        "expected TLS10, TLS11, TLS12 or TLS13")
        self.write("server.key", "no key")
        eventually(lambda: len(exporter.log(msg=REFUSED)) == 1 and self.page(exporter, client="client"))
        self.configure(MTLS)
        eventually(lambda: len(exporter.log(msg=REFUSED)) == 2)
        self.assertIn(f"{self.path('web.yml')}:3: tls_server_config.key_file", exporter.log(msg=REFUSED)[1]["cause"])
        time.sleep(2.5)  # two more looks at the files
        self.assertEqual(len(exporter.log(msg=REFUSED)), 2, "a failure is logged once")
        self.assertEqual(self.page(exporter, client="client").value(RELOADS), 0)
        self.ca.issue("server", "DNS:localhost,IP:127.0.0.1")
        eventually(lambda: self.page(exporter, client="client").value(RELOADS) == 1)
        scraper.stop()
        self.assertEqual(scraper.failures, [])
        stamp = "buntime_exporter_config_last_reload_success_timestamp_seconds"
        self.assertGreater(self.page(exporter, client="client").value(stamp), good.value(stamp))

    def test_a_reload_never_unlocks(self):
        users = f"basic_auth_users: {{{USER}: {CHEAP_HASH}}}"
        self.configure(MTLS, users)
        exporter = self.start()
        for number, (tls, rest, what) in enumerate([
                (None, "", "TLS"), (None, users, "TLS"), ("", users, "client certificates"),
                ("client_auth_type: RequireAnyClientCert", users, "client certificates"),
                (MTLS, "", "basic authentication")], 1):
            self.configure(tls, rest)
            eventually(lambda n=number: len(exporter.log(msg=REFUSED)) == n)
            self.assertEqual(exporter.log(msg=REFUSED)[-1]["cause"],
                             f"{self.path('web.yml')}: this would switch off {what}, which only a restart may do")
            self.assertEqual(self.get(exporter, "/metrics", client="client").status, 401)
            self.assert_turned_away(exporter)

    def test_a_reload_may_lock(self):
        self.configure(tls=None)
        exporter = self.start()
        self.assertEqual(exporter.get("/metrics").status, 200)
        self.configure()
        self.await_reload(exporter)
        self.assertEqual(exporter.get("/metrics").status, 400)
        self.assertEqual(self.get(exporter, "/metrics").status, 200)

    def test_sighup(self):
        self.configure()
        exporter = self.start()
        exporter.signal(signal.SIGHUP)
        self.await_reload(exporter)
        self.assertEqual(exporter.log(msg="reloaded the web configuration")[0]["because_of"], "SIGHUP")
        self.write("web.yml", "nonsense")
        exporter.signal(signal.SIGHUP)
        eventually(lambda: self.page(exporter).value(RELOADS) == 0)

    def test_the_symbolic_links_of_kubernetes(self):
        def fill(version, name):
            os.mkdir(self.path(version))
            for end in (".pem", ".key"):
                shutil.copy(self.path(name + end), os.path.join(self.path(version), "tls" + end))

        self.ca.issue("next", "DNS:localhost,IP:127.0.0.1,DNS:next.test")
        fill("..v1", "server")
        fill("..v2", "next")
        os.symlink("..v1", self.path("..data"))
        for name in ("tls.pem", "tls.key"):
            os.symlink(os.path.join("..data", name), self.path(name))
        self.write("web.yml", "tls_server_config: {cert_file: tls.pem, key_file: tls.key}\n")
        exporter = self.start()
        os.symlink("..v2", self.path("..data_tmp"))
        os.replace(self.path("..data_tmp"), self.path("..data"))

        def replaced():
            with self.connect(exporter) as connection:
                return ("DNS", "next.test") in connection.certificate["subjectAltName"]

        eventually(replaced)
        self.assertEqual(exporter.log(msg=REFUSED), [])

    def test_both_configuration_files_count(self):
        self.configure()
        config = self.write("buntime.yml", "runtimes:\n  - url: http://127.0.0.1:1\n")
        exporter = self.exporter("--config.file", config, "--web.config.file", self.path("web.yml"))
        os.replace(self.write("broken.yml", "nonsense\n"), self.path("web.yml"))
        eventually(lambda: self.page(exporter).value(RELOADS) == 0)
        self.write("buntime.yml", "runtimes:\n  - url: http://127.0.0.1:2\n")
        self.await_reload(exporter, message="reloaded the configuration")
        self.assertEqual(self.page(exporter).value(RELOADS), 0, "the other file is still broken")
        self.configure()
        eventually(lambda: self.page(exporter).value(RELOADS) == 1)


if __name__ == "__main__":
    unittest.main()
