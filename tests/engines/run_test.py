"""The image as `docker run` runs it: small, without root, capabilities or a file to write; it says how it is, reloads, stops,
and fits the memory that Compose and Kubernetes give it."""
import unittest

import images
from bench import EngineTest

PAGE = "http://127.0.0.1:10077/metrics"
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
RELOADED = "buntime_exporter_config_last_reload_success_timestamp_seconds"


class RunTest(EngineTest):
    def run_container(self, name: str, *options: str) -> None:
        self.engine.docker("run", "--detach", "--name", name, *options)
        self.addCleanup(self.engine.docker, "rm", "--force", name)

    def exporter(self, *options: str) -> None:
        self.run_container("exporter", *HARDENED, "--network", "runs", "--publish", "127.0.0.1:10077:10077",
                           "--memory", "160m", *options, images.EXPORTER)

    def setUp(self):
        self.engine.docker("network", "create", "runs")
        self.addCleanup(self.engine.docker, "network", "rm", "runs")
        self.run_container("runtime", "--network", "runs", images.SIMULATOR, "--release", "0.2.26", "--pool-size", "20",
                           "--workers", "1000")

    def test_the_image_is_small_and_says_what_it_is(self):
        sizes = [int(self.engine.docker("image", "inspect", "--format", "{{.Size}}", name).stdout)
                 for name in (images.EXPORTER, images.BASE)]
        self.assertLess(sizes[0] - sizes[1], 40 << 20)
        print(f"the image adds {(sizes[0] - sizes[1]) / (1 << 20):.1f} MiB to its base", flush=True)
        config = self.engine.docker("image", "inspect", "--format", "{{json .Config}}", images.EXPORTER).stdout
        self.assertIn('"User":"65532:65532"', config)
        self.assertIn(f'"org.opencontainers.image.revision":"{images.revision()}"', config)
        self.assertNotIn("KEY", config)

    def test_it_runs_as_the_readme_says(self):
        self.exporter("--env", "BUNTIME_EXPORTER_RUNTIME_URL=http://runtime:8000", "--user", "23456:34567")
        self.until(lambda: self.sample(PAGE, "buntime_up") == 1)
        self.until(lambda: self.engine.state("exporter")["Health"]["Status"] == "healthy", 120)
        status = self.engine.docker("exec", "exporter", "cat", "/proc/1/status").stdout
        self.assertRegex(status, r"Uid:\t23456\t23456")
        self.assertRegex(status, r"CapBnd:\t0+\n")
        self.assertRegex(status, r"NoNewPrivs:\t1")
        self.assertIn("Read-only file system", self.engine.docker("exec", "exporter", "touch", "/x", check=False).stderr)
        self.reload()
        self.fits_its_memory()
        self.engine.docker("stop", "exporter")
        self.assertEqual(self.engine.state("exporter")["ExitCode"], 0)  # by SIGTERM, not killed after ten seconds

    def reload(self):
        before = self.sample(PAGE, RELOADED)
        self.engine.docker("kill", "--signal", "HUP", "exporter")
        self.until(lambda: self.sample(PAGE, RELOADED) > before)

    def fits_its_memory(self):
        """A thousand workers, scraped again and again, within 160 MiB."""
        for _ in range(20):
            self.assertIn("buntime_worker_requests", self.get(PAGE, "--compressed"))
        state = self.engine.state("exporter")
        self.assertTrue(state["Running"] and not state["OOMKilled"], state)
        self.assertEqual(self.engine.inspect("exporter")["RestartCount"], 0)
        self.assertEqual(self.engine.inspect("exporter")["HostConfig"]["Memory"], 160 << 20)

    def test_a_wrong_setting_ends_it_with_a_reason(self):
        self.run_container("wrong", *HARDENED, "--env", "BUNTIME_EXPORTER_RUNTIME_URL=nonsense", images.EXPORTER)
        self.until(lambda: not self.engine.state("wrong")["Running"])
        self.assertEqual(self.engine.state("wrong")["ExitCode"], 1)
        self.assertIn("runtime.url", self.engine.docker("logs", "wrong").stderr)


if __name__ == "__main__":
    unittest.main()
