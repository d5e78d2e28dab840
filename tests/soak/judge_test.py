"""The judge objects to what is wrong and to nothing else."""

import types
import unittest

from exposition import Exposition
from figures import slope
from judge import Judge

FOLLOW = 4
POLLS = "buntime_exporter_polls_total"


def page(up=1, polls=5, kind="counter"):
    states = "\n".join(f'buntime_poll_outcome{{runtime="a",outcome="{n}"}} {int(n == 0)}' for n in range(15))
    return Exposition(f'# HELP buntime_up x\n# TYPE buntime_up gauge\nbuntime_up{{runtime="a"}} {up}\n'
                      f"# HELP buntime_poll_outcome x\n# TYPE buntime_poll_outcome gauge\n{states}\n"
                      f'# HELP {POLLS} x\n# TYPE {POLLS} {kind}\n{POLLS}{{runtime="a"}} {polls}\n')


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.judge = Judge(["a"], FOLLOW)

    def tell(self, at, **what):
        self.judge.note({"at": at, **what})

    def assert_objects(self, objections, words):
        self.assertEqual(len(objections), 1, objections)
        self.assertIn(words, objections[0])

    def test_counters_never_fall(self):
        self.assertEqual(self.judge.page(page(polls=5), 1, 2), [])
        self.assertEqual(self.judge.page(page(polls=5), 3, 4), [])
        self.assert_objects(self.judge.page(page(polls=4), 5, 6), "from 5 to 4")
        self.assertEqual(self.judge.polls(), 5)

    def test_gauges_may(self):
        self.assertEqual(self.judge.page(page(polls=5, kind="gauge"), 1, 2), [])
        self.assertEqual(self.judge.page(page(polls=4, kind="gauge"), 3, 4), [])

    def test_counters_of_a_runtime_configured_anew_begin_again(self):
        self.judge.page(page(polls=5), 1, 2)
        self.tell(3, runtime="a", renewed=True)
        self.assertEqual(self.judge.page(page(polls=1), 4, 5), [])
        self.tell(6, runtime="a", renewed=False)
        self.assertEqual(self.judge.page(page(polls=2), 7, 8), [])
        self.assert_objects(self.judge.page(page(polls=1), 9, 10), "from 2 to 1")

    def test_up_follows_the_truth(self):
        self.tell(10, runtime="a", state="up")
        self.assertEqual(self.judge.page(page(up=0), 11, 12), [])
        self.assertEqual(self.judge.page(page(up=1), 15, 15.1), [])
        self.assert_objects(self.judge.page(page(up=0), 15, 15.1), "although it has been up")
        self.tell(20, runtime="a", state="either")
        self.tell(21, runtime="a", state="down")
        self.assertEqual(self.judge.page(page(up=1), 24, 24.1), [])
        self.assert_objects(self.judge.page(page(up=1), 25.5, 25.6), "although it has been down")

    def test_what_explains_a_lag(self):
        self.tell(10, runtime="a", state="down")
        self.tell(12, stopped=True)
        self.tell(14, stopped=False)
        self.assertEqual(self.judge.page(page(up=1), 17, 17.1), [])
        self.assert_objects(self.judge.page(page(up=1), 18.5, 18.6), "down")
        self.tell(30, runtime="a", state="up")
        self.tell(35, runtime="a", state="down")
        self.assert_objects(self.judge.page(page(up=1), 39.5, 39.6), "down")
        self.judge.stalls.add(36, 37)
        self.assertEqual(self.judge.page(page(up=1), 39.5, 39.6), [])
        self.tell(60, runtime="a", state="up")
        self.assert_objects(self.judge.page(page(up=0), 65, 65.1), "up")
        self.judge.stalls.add(63, 63.6)
        self.assertEqual(self.judge.page(page(up=0), 65, 65.1), [])

    def test_without_descriptors_there_is_no_poll_but_no_lie_either(self):
        self.tell(1, runtime="a", state="up")
        self.tell(2, scarce=True)
        self.assertEqual(self.judge.page(page(up=0), 10, 11), [])
        self.tell(12, runtime="a", state="down")
        self.assert_objects(self.judge.page(page(up=1), 20, 21), "down")

    def test_times(self):
        self.assertEqual(self.judge.answer_time("health", 10, 10.9, 1), [])
        self.assert_objects(self.judge.answer_time("health", 10, 11.5, 1), "took 1.50 s")
        self.judge.stalls.add(10, 11)
        self.assertEqual(self.judge.answer_time("health", 10, 11.5, 1), [])
        self.tell(20, stopped=True)
        self.tell(22, stopped=False)
        self.assertEqual(self.judge.answer_time("health", 19, 23, 1), [])
        self.assert_objects(self.judge.answer_time("health", 23.5, 25, 1), "took")

    def test_no_times_are_judged_on_a_machine_that_runs_others(self):
        self.judge.stalls.add(10, 12)
        self.assert_objects(self.judge.answer_time("health", 13, 15, 1), "took 2.00 s")
        self.judge.stalls.add(9, 11.8)
        self.assertEqual(self.judge.answer_time("health", 13, 15, 1), [])

    def test_no_answer(self):
        self.assertFalse(self.judge.explained(10, 20))
        self.judge.stalls.add(11, 14)
        self.assertFalse(self.judge.explained(10, 20))
        self.judge.stalls.add(15, 18)
        self.assertTrue(self.judge.explained(10, 20))

    def test_slope(self):
        noise = types.SimpleNamespace(value=1)
        samples = []
        for t in range(2400):
            noise.value = noise.value * 48271 % 2147483647
            samples.append((t, 100 + noise.value / 2147483647))
        rise, width = slope(samples)
        self.assertLess(abs(rise), width)
        rise, width = slope([(t, v + t / 100) for t, v in samples])
        self.assertAlmostEqual(rise, 0.01, places=3)
        self.assertGreater(rise, width)


if __name__ == "__main__":
    unittest.main()
