"""--config.file while the exporter runs: every way of changing it, what a change leaves alone, what a bad one does, and
what the two pages of --web.enable-lifecycle answer."""

import json
import os
import resource
import signal
import time
import unittest

import yaml

from fake_runtime import json_answer
from programs import ProgramTest
from support import eventually

RELOADED = "reloaded the configuration"
REFUSED = "cannot reload: the last good configuration stays in force"
GOOD = "buntime_exporter_config_last_reload_successful"
GOOD_SINCE = "buntime_exporter_config_last_reload_success_timestamp_seconds"
SECRET = "s3cr3t-0f-the-runtime"


def runtimes(page):
    """Names of the runtimes on a page."""
    return {dict(labels)["runtime"] for labels in page.select("buntime_up")}


class ConfigReloadTest(ProgramTest):
    """Exporters whose runtimes stand in `buntime.yml`. Those without a simulator behind them are down, which is enough
    to have series."""

    def path(self, name):
        return os.path.join(self.folder(), name)

    def configure(self, *entries, name="buntime.yml", more=""):
        """Writes the file in one go, as those do who replace a file. An entry is a URL, whose runtime gets a letter
        for a name, or a mapping."""
        settings = [entry if isinstance(entry, dict) else {"name": "abcdef"[index], "url": entry}
                    for index, entry in enumerate(entries)]
        new = self.write(name + ".new", json.dumps({"runtimes": settings}, indent=1) + "\n" + more)
        os.replace(new, self.path(name))
        return self.path(name)

    def start(self, *flags, name="buntime.yml"):
        return self.exporter("--config.file", self.path(name), *flags)

    def await_runtimes(self, exporter, names):
        eventually(lambda: runtimes(exporter.metrics()) == set(names))

    def await_refusal(self, exporter, count=1):
        """The log line of the `count`th refused reload; the metric has fallen."""
        eventually(lambda: len(exporter.log(msg=REFUSED)) >= count)
        self.assertEqual(exporter.metrics().value(GOOD), 0)
        return exporter.log(msg=REFUSED)[count - 1]


class WaysTest(ConfigReloadTest):
    """How files change, and how a reload is asked for."""

    def test_replaced_and_rewritten(self):
        self.configure("http://127.0.0.1:1", "http://127.0.0.1:2")
        exporter = self.start()
        self.await_runtimes(exporter, "ab")
        began = time.monotonic()
        self.configure("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")  # another file by this name
        self.await_runtimes(exporter, "abc")
        self.report(f"a change takes effect after {time.monotonic() - began:.1f} s")
        text = "runtimes:\n- {name: a, url: 'http://127.0.0.1:1'}\n- {name: z, url: 'http://127.0.0.1:2'}\n"
        self.write("buntime.yml", text)  # the same file, other content
        self.await_runtimes(exporter, "az")
        self.assertEqual(exporter.log(level="error"), [])
        self.assertEqual({line["because_of"] for line in exporter.log(msg=RELOADED)}, {"a change of its files"})

    def test_no_descriptor_for_the_file(self):
        """What failed for want of something is tried again without another change; the log says it once."""
        self.configure("http://127.0.0.1:1")
        exporter = self.start()
        self.await_runtimes(exporter, "a")
        _, most = resource.prlimit(exporter.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(exporter.pid, resource.RLIMIT_NOFILE, (4, most))  # those in use stay
        self.configure("http://127.0.0.1:1", "http://127.0.0.1:2")
        eventually(lambda: exporter.log(msg=REFUSED))
        self.assertIn("Too many open files", exporter.log(msg=REFUSED)[0]["cause"])
        resource.prlimit(exporter.pid, resource.RLIMIT_NOFILE, (most, most))
        self.await_runtimes(exporter, "ab")
        self.assertEqual([line["because_of"] for line in exporter.log(msg=RELOADED)], ["another try"])
        self.assertEqual(len(exporter.log(msg=REFUSED)), 1)
        self.assertEqual(exporter.metrics().value(GOOD), 1)

    def test_the_symbolic_links_of_kubernetes(self):
        for version, url in (("..v1", "http://127.0.0.1:1"), ("..v2", "http://127.0.0.1:2")):
            os.mkdir(self.path(version))
            self.configure(url, "http://127.0.0.1:3" if version == "..v2" else {"name": "old", "url": "http://h"},
                           name=version + "/buntime.yml")
        os.symlink("..v1", self.path("..data"))
        os.symlink("..data/buntime.yml", self.path("buntime.yml"))
        exporter = self.start()
        self.await_runtimes(exporter, ["a", "old"])
        os.symlink("..v2", self.path("..data_tmp"))
        os.replace(self.path("..data_tmp"), self.path("..data"))
        self.await_runtimes(exporter, "ab")
        self.assertEqual(exporter.log(level="error"), [])

    def test_sighup(self):
        self.configure("http://127.0.0.1:1")
        exporter = self.start()
        before = exporter.metrics()
        exporter.signal(signal.SIGHUP)
        line = eventually(lambda: exporter.log(msg=RELOADED))[0]
        self.assertEqual((line["because_of"], line["runtimes"], line["unchanged"]), ("SIGHUP", "1", "1"))
        page = exporter.metrics()
        self.assertEqual(page.value(GOOD), 1)
        self.assertGreater(page.value(GOOD_SINCE), before.value(GOOD_SINCE))

    def test_sighup_without_a_file(self):
        """Flags cannot change, but what they name can."""
        key = self.write("key", SECRET)
        exporter = self.exporter("--runtime.url", "http://127.0.0.1:1", "--runtime.api-key-file", key)
        os.unlink(key)
        exporter.signal(signal.SIGHUP)
        self.assertEqual(self.await_refusal(exporter)["cause"], f"--runtime.api-key-file: cannot read the secret file "
                                                                f"{key}: No such file or directory")
        self.write("key", SECRET)
        eventually(lambda: exporter.metrics().value(GOOD) == 1)


class DifferenceTest(ConfigReloadTest):
    def test_only_the_difference_is_restarted(self):
        """App totals are accumulated by the exporter: those of a runtime that was restarted begin anew."""
        requests = {"w1": 100}

        def answer(_):
            workers = [{"id": name, "app": "shop@1", "state": "active", "requests": count}
                       for name, count in requests.items()]
            return json_answer(json.dumps({"pool": {"size": 5}, "workers": workers}).encode())

        url = self.fake_runtime(answer).url + "/metrics/stats"
        same, other = {"name": "same", "url": url}, {"name": "other", "url": url}
        self.configure(same, other)
        exporter = self.start()

        def await_totals(**totals):
            def arrived():
                page = exporter.metrics()
                seen = {name: sum(page.select("buntime_app_requests_total", runtime=name).values()) for name in totals}
                self.assertEqual(seen, totals)
                return True

            eventually(arrived)

        await_totals(same=100, other=100)
        requests = {"w2": 10}  # the first worker is gone, its requests are not
        await_totals(same=110, other=110)
        polls = exporter.metrics().value("buntime_exporter_polls_total", outcome="ok", runtime="same")
        self.configure({"name": "new", "url": url}, {**other, "worker_limit": 7}, same)
        line = eventually(lambda: exporter.log(msg=RELOADED))[0]
        self.assertEqual((line["runtimes"], line["unchanged"]), ("3", "1"))
        await_totals(same=110, other=10, new=10)
        requests = {"w2": 11}
        await_totals(same=111, other=11, new=11)
        self.configure(same)
        # A single runtime has its label, too, where it has a name.
        self.await_runtimes(exporter, ["same"])
        await_totals(same=111)
        page = exporter.metrics()
        self.assertGreater(page.value("buntime_exporter_polls_total", outcome="ok", runtime="same"), polls)
        self.assertNotIn("other", {dict(labels).get("runtime") for _, labels in page.samples})

    def test_another_line_is_no_difference(self):
        key = self.write("key", SECRET)
        self.write("buntime.yml", f"runtimes:\n- {{name: a, url: 'http://h', api_key_file: {key}}}\n")
        exporter = self.start()
        self.write("buntime.yml", f"# above\n\nruntimes:\n- {{name: a, url: 'http://h', api_key_file: {key}}}\n")
        self.assertEqual(eventually(lambda: exporter.log(msg=RELOADED))[0]["unchanged"], "1")


class BadEditsTest(ConfigReloadTest):
    def test_the_last_good_one_stays(self):
        sim = self.simulator("--warmup", "30s")
        self.configure(sim.url)
        exporter = self.start()
        before = exporter.wait_until_up()
        file = self.path("buntime.yml")
        good = f"runtimes:\n- name: a\n  url: {sim.url}\n"
        edits = [
            ("runtimes: [\n", f"{file}:2: a [ above is not closed: add the ]"),
            (good + "  colour: blue\n", f"{file}:4: unknown key 'runtimes[0].colour'"),
            (good + "  pool_size: many\n", f"{file}:4: runtimes[0].pool_size 'many': expected a whole number"),
            ("", f"the configuration file {file} is empty"),
            (good + "  api_key_file: keys/none\n", f"{file}:4: runtimes[0].api_key_file: cannot read the secret file "
             f"{self.path('keys/none')}: No such file or directory"),
            (good + "  tls:\n    ca_file: none.pem\n", f"{file}:5: runtimes[0].tls.ca_file: cannot read "
             f"{self.path('none.pem')}: No such file or directory"),
        ]
        for count, (text, cause) in enumerate(edits, 1):
            self.write("buntime.yml", text)
            line = self.await_refusal(exporter, count)
            self.assertEqual((line["level"], line["because_of"]), ("error", "a change of its files"))
            self.assertTrue(line["cause"].startswith(cause), line["cause"])
        os.unlink(file)
        self.assertEqual(self.await_refusal(exporter, len(edits) + 1)["cause"],
                         f"cannot read the configuration file {file}: No such file or directory")
        page = exporter.wait_until_up()
        self.assertEqual((page.value(GOOD), page.value(GOOD_SINCE)), (0, before.value(GOOD_SINCE)))
        polls = page.value("buntime_exporter_polls_total", outcome="ok")
        eventually(lambda: exporter.metrics().value("buntime_exporter_polls_total", outcome="ok") > polls + 2)
        self.assertEqual(len(exporter.log(msg=REFUSED)), len(edits) + 1, "one line for each edit, not for each look")
        self.configure(sim.url)
        eventually(lambda: exporter.metrics().value(GOOD) == 1)
        self.assertGreater(exporter.metrics().value(GOOD_SINCE), before.value(GOOD_SINCE))

    def test_a_secret_that_arrives_later(self):
        """Kubernetes brings ConfigMaps and Secrets in any order."""
        self.configure("http://127.0.0.1:1")
        exporter = self.start()
        self.configure("http://127.0.0.1:1", {"name": "b", "url": "http://h", "api_key_file": "late"})
        self.await_refusal(exporter)
        self.write("late", SECRET)
        self.await_runtimes(exporter, "ab")
        self.assertEqual(exporter.metrics().value(GOOD), 1)


class LifecycleTest(ConfigReloadTest):
    def test_not_there_unless_asked_for(self):
        self.configure("http://127.0.0.1:1")
        exporter = self.start()
        for path, method in (("/-/reload", "POST"), ("/-/reload", "GET"), ("/config", "GET")):
            self.assertEqual(exporter.get(path, method=method).status, 404, path)
        self.assertEqual(exporter.log(msg=RELOADED), [])

    def test_post_reloads(self):
        self.configure("http://127.0.0.1:1")
        exporter = self.start("--web.enable-lifecycle")
        for method in ("GET", "HEAD", "PUT"):
            answer = exporter.get("/-/reload", method=method)
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))
        self.configure("http://127.0.0.1:1", "http://127.0.0.1:2")
        answer = exporter.get("/-/reload", method="POST")
        self.assertEqual((answer.status, answer.text), (200, "reloaded\n"))
        self.await_runtimes(exporter, "ab")
        self.assertEqual(exporter.log(msg=RELOADED)[0]["because_of"], "POST /-/reload")
        self.configure("http://127.0.0.1:1", more="colour: blue\n")
        answer = exporter.get("/-/reload", method="POST")
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.text, rf"\Athe last good configuration stays in force: {self.path('buntime.yml')}:\d+: "
                                      r"[^\n]+\n\Z")
        self.assertEqual(exporter.metrics().value(GOOD), 0)
        self.assertEqual(runtimes(exporter.metrics()), {"a", "b"})

    def test_the_page_says_what_is_in_force(self):
        """Flags win over the file, defaults are written out, and as a file it means the same."""
        for name in ("key", "token", "password"):
            self.write(name, f"{SECRET}-{name}\n")
        self.configure({"name": "a", "url": "http://h:1/", "api_key_file": "key", "worker_limit": 9},
                       {"name": "b", "url": "https://h:2", "bearer_token_file": "token",
                        "tls": {"server_name": "buntime.test"}},
                       {"name": "c", "url": "http://h:3/x/stats",
                        "basic_auth": {"username": "ops", "password_file": "password"}})
        exporter = self.start("--web.enable-lifecycle", "--worker.limit", "5")
        answer = exporter.get("/config")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/yaml; charset=utf-8"))
        self.assertNotIn(SECRET, answer.text)
        shown = {entry["name"]: entry for entry in yaml.safe_load(answer.text)["runtimes"]}
        self.assertEqual({name: entry["worker_limit"] for name, entry in shown.items()}, {"a": "5", "b": "5", "c": "5"})
        self.assertEqual(shown["a"]["api_key_file"], self.path("key"))
        self.assertEqual(shown["b"]["tls"]["server_name"], "buntime.test")
        self.assertEqual(shown["c"]["basic_auth"], {"username": "ops", "password_file": self.path("password")})
        self.assertIn('\n# --web.listen-address: "127.0.0.1:0"\n', answer.text)
        copy = self.write("copy.yml", answer.text)
        self.assertEqual(self.run_exporter("--config.file", copy, "--config.check")[1], 0)
        again = self.exporter("--config.file", copy, "--web.enable-lifecycle", fast=False)
        self.assertEqual(again.get("/config").text, answer.text)
        self.configure("http://127.0.0.1:1")
        eventually(lambda: len(yaml.safe_load(exporter.get("/config").text)["runtimes"]) == 1)

    def test_modules_stand_on_the_page(self):
        self.write("key", SECRET)
        file = self.write("buntime.yml", "modules:\n  default:\n    allowed_targets: [10.0.0.0/8, .svc.cluster.local]\n"
                                         "    api_key_file: key\n    timeout: 2s\n")
        exporter = self.exporter("--config.file", file, "--web.enable-lifecycle", fast=False)
        page = exporter.get("/config").text
        self.assertNotIn(SECRET, page)
        self.assertEqual(yaml.safe_load(page)["modules"]["default"]["allowed_targets"],
                         ["10.0.0.0/8", ".svc.cluster.local"])
        again = self.exporter("--config.file", self.write("copy.yml", page), "--web.enable-lifecycle", fast=False)
        self.assertEqual(again.get("/config").text, page)

    def test_both_pages_ask_for_the_password(self):
        self.configure("http://127.0.0.1:1")
        # Of "secret", at the lowest cost.
        users = "basic_auth_users: {ops: $2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW}\n"
        web = self.write("web.yml", users)
        exporter = self.start("--web.enable-lifecycle", "--web.config.file", web)
        good = {"Authorization": "Basic b3BzOnNlY3JldA=="}
        for path, method in (("/config", "GET"), ("/-/reload", "POST")):
            self.assertEqual(exporter.get(path, method=method).status, 401)
            self.assertEqual(exporter.get(path, method=method, headers=good).status, 200)
        self.assertEqual(len(exporter.log(msg=RELOADED)), 1)
        self.write("web.yml", users + "colour: blue\n")
        answer = exporter.get("/-/reload", method="POST", headers=good)
        self.assertEqual(answer.status, 500)
        self.assertIn(f"the last good configuration stays in force: {web}:2: unknown key 'colour'", answer.text)


if __name__ == "__main__":
    unittest.main()
