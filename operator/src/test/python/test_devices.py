"""Devices: the process variable, slices, the driver's list, and the checks before a run."""
import itertools
import unittest

from evaljob_runner import devices
from evaljob_runner.failures import StageFailure
from support import Container, ReportServer, plan_with

GIB = 1024 ** 3


class ProcessVariableTest(unittest.TestCase):

    def parse(self, value):
        return devices.parse_process_variable("CUDA_VISIBLE_DEVICES", value)

    def test_numbers_names_and_nothing(self):
        self.assertEqual(["4", "5"], self.parse("4, 5"))
        self.assertEqual(["GPU-6f1c", "MIG-aa"], self.parse("GPU-6f1c,MIG-aa"))
        for value in (None, "", "  ", "NoDevFiles", "void", "-1"):
            self.assertEqual([], self.parse(value))

    def test_what_the_harness_would_stumble_over_is_refused(self):
        for value in ("0,", "0,,1", "zero", "0,0"):
            with self.assertRaises(StageFailure, msg=value):
                self.parse(value)

    def test_slices_go_by_position(self):
        self.assertEqual([("4", "5"), ("6", "7")], devices.slices(["4", "5", "6", "7"], 2, 2))

    def test_names_become_positions_in_a_pod_only(self):
        slices = [("GPU-a", "GPU-b"), ("GPU-c", "GPU-d")]
        self.assertEqual([("0", "1"), ("2", "3")], devices.rank_values(slices, "Pod"))
        self.assertEqual(slices, devices.rank_values(slices, "BareProcess"))
        self.assertEqual([("4",), ("5",)], devices.rank_values([("4",), ("5",)], "BareProcess"))

    def test_a_slices_name_stays_where_there_are_several_ranks(self):
        slices = [("MIG-a",), ("MIG-b",)]
        self.assertEqual(slices, devices.rank_values(slices, "Pod"))
        self.assertEqual([("0",)], devices.rank_values([("MIG-a",)], "Pod"))

    def test_slices_in_the_drivers_list(self):
        self.assertEqual(["MIG-c6d4f1ef", "MIG-GPU-b32da76f/1/0"], devices.parse_slices(
            "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c)\n"
            "  MIG 1g.5gb      Device  0: (UUID: MIG-c6d4f1ef)\n"
            "  MIG 3g.20gb Device 1: (UUID: MIG-GPU-b32da76f/1/0)\n"
            "GPU 1: NVIDIA MIG-capable card (UUID: GPU-77)\n"))
        self.assertEqual([], devices.parse_slices("No devices found.\n"))

    def test_the_drivers_answer(self):
        found = devices.parse_nvidia(
            "0, GPU-aa, 81559\n1, GPU-bb, [N/A]\nNo devices were found\nx, y, z\n")
        self.assertEqual(2, len(found))
        self.assertEqual(81559 * 1024 * 1024, found[0].memory_bytes)
        self.assertEqual(0, found[1].memory_bytes)
        self.assertEqual("1", devices.find(found, "GPU-b").index)


class PreflightTest(Container):

    def setUp(self):
        super().setUp()
        self.runs = itertools.count()
        self.plan = plan_with(
            devices__perProcess=1, devices__processes=2, devices__total=2,
            harness__command=self.command(
                "import os\nopen(os.environ['EVALJOB_RESULTS_FILE'], 'w').write("
                "'{\"metric\":\"m\",\"score\":1,\"samples\":1}')\n"))
        self.write_plan(self.plan)

    def smi(self, *lines):
        self.tool("nvidia-smi", "print(%r)" % "\n".join(lines))

    def sliced_smi(self, *names):
        """A card cut into slices, as nvidia-smi shows it."""
        self.tool("nvidia-smi", "import sys\nprint(%r if '-L' in sys.argv else %r)" % (
            "\n".join(["GPU 0: NVIDIA H100 (UUID: GPU-aaaa)"] + [
                "  MIG 1g.10gb     Device  %d: (UUID: %s)" % item for item in enumerate(names)]),
            "0, GPU-aaaa, 81559"))

    def seen_by_ranks(self, variable="CUDA_VISIBLE_DEVICES", **environment):
        """What every rank finds in a variable, in a run of its own."""
        self.plan["run"]["hash"] = "run-%d" % next(self.runs)
        self.plan["harness"]["command"] = self.command(
            "import os\nopen(os.path.join(%r, os.environ['RANK']), 'w').write("
            "os.environ.get(%r, '(not set)'))\n"
            "open(os.environ['EVALJOB_RESULTS_FILE'], 'w').write("
            "'{\"metric\":\"m\",\"score\":1,\"samples\":1}')\n" % (self.path("tmp"), variable))
        self.write_plan(self.plan)
        self.run_stage("infer", **environment)
        seen = []
        for rank in range(self.plan["devices"]["processes"]):
            with open(self.path("tmp", str(rank)), encoding="ascii") as source:
                seen.append(source.read())
        return seen

    def fails(self, expected, cause="PreflightFailed", **environment):
        self.run_stage("infer", 1, **environment)
        self.assertEqual(cause, self.termination()["cause"])
        self.assertIn(expected, self.termination()["message"])

    def test_a_missing_tool_is_noted_and_the_mapping_is_reported(self):
        with ReportServer() as server:
            output = self.run_stage("infer", EVALJOB_REPORT_URL=server.url,
                                    CUDA_VISIBLE_DEVICES="GPU-aaaa,GPU-bbbb")
            found = server.final()["preflight"]
        self.assertIn("nvidia-smi is missing", found["notes"][0])
        self.assertEqual([{"logical": 0, "physical": "GPU-aaaa", "memoryBytes": 0},
                          {"logical": 1, "physical": "GPU-bbbb", "memoryBytes": 0}],
                         found["devices"])
        self.assertIn("device rank 1  logical 0  <- GPU-bbbb", output)

    def test_count_and_memory_come_from_the_driver(self):
        self.smi("0, GPU-aaaa, 81559", "1, GPU-bbbb, 81559")
        with ReportServer() as server:
            self.run_stage("infer", EVALJOB_REPORT_URL=server.url, CUDA_VISIBLE_DEVICES="0,1")
            self.assertEqual({"logical": 1, "physical": "GPU-bbbb", "memoryBytes": 81559 << 20},
                             server.final()["preflight"]["devices"][1])
        self.smi("0, GPU-aaaa, 81559")
        self.fails("the driver lists 1 devices, the plan has 2", CUDA_VISIBLE_DEVICES="0,1")

    def test_too_little_memory_is_refused(self):
        self.plan["devices"]["minMemoryBytes"] = 79 * GIB
        self.write_plan(self.plan)
        self.smi("0, GPU-aaaa, 81559", "1, GPU-bbbb, 40960")
        self.fails("device 1 has 40.0 GiB, the plan needs 79.0 GiB", CUDA_VISIBLE_DEVICES="0,1")

    def test_a_device_that_does_not_exist_is_refused(self):
        self.plan["devices"]["context"] = "BareProcess"
        self.write_plan(self.plan)
        self.smi("0, GPU-aaaa, 81559", "1, GPU-bbbb, 81559", "2, GPU-cccc, 81559")
        self.fails("device 5 does not exist, the driver lists 0, 1, 2", CUDA_VISIBLE_DEVICES="2,5")

    def test_a_slice_of_a_card_is_not_measured(self):
        self.plan["devices"].update(kind="Partition", minMemoryBytes=GIB)
        self.write_plan(self.plan)
        self.smi("0, GPU-aaaa, 81559")
        self.assertIn("memory of MIG-bb is unchecked",
                      self.run_stage("infer", CUDA_VISIBLE_DEVICES="MIG-aa,MIG-bb"))

    def test_ranks_on_slices_get_them_by_name(self):
        self.plan["devices"].update(kind="Partition", resourceName="nvidia.com/mig-1g.10gb")
        self.sliced_smi("MIG-aa", "MIG-bb")
        with ReportServer() as server:
            self.assertEqual(["MIG-aa", "MIG-bb"], self.seen_by_ranks(
                CUDA_VISIBLE_DEVICES="0,1", EVALJOB_REPORT_URL=server.url))
            self.assertEqual([{"logical": 0, "physical": "MIG-aa", "memoryBytes": 0},
                              {"logical": 1, "physical": "MIG-bb", "memoryBytes": 0}],
                             server.final()["preflight"]["devices"])

    def test_what_the_plugin_put_in_names_the_slices_too(self):
        self.plan["devices"].update(kind="Partition")
        self.assertEqual(["MIG-cc", "MIG-dd"], self.seen_by_ranks(
            CUDA_VISIBLE_DEVICES="0,1", NVIDIA_VISIBLE_DEVICES="MIG-cc,MIG-dd"))

    def test_slices_that_nobody_names_are_refused(self):
        self.plan["devices"].update(kind="Partition")
        self.write_plan(self.plan)
        self.fails("2 processes need the names of their MIG slices, and the driver lists 0",
                   CUDA_VISIBLE_DEVICES="0,1", NVIDIA_VISIBLE_DEVICES="void")
        self.sliced_smi("MIG-aa", "MIG-bb", "MIG-cc")
        self.fails("the driver lists 3", CUDA_VISIBLE_DEVICES="0,1")

    def test_a_lone_slice_is_number_0(self):
        self.plan["devices"].update(kind="Partition", processes=1, total=1)
        self.assertEqual(["0"], self.seen_by_ranks(CUDA_VISIBLE_DEVICES="0"))
        self.sliced_smi("MIG-aa")
        self.assertEqual(["0"], self.seen_by_ranks(CUDA_VISIBLE_DEVICES="0"))

    def test_a_slice_without_a_name_has_not_the_memory_of_its_card(self):
        self.plan["devices"].update(kind="Partition", processes=1, total=1)
        self.sliced_smi("MIG-aa", "MIG-bb", "MIG-cc")
        with ReportServer() as server:
            self.seen_by_ranks(CUDA_VISIBLE_DEVICES="0", EVALJOB_REPORT_URL=server.url)
            self.assertEqual([{"logical": 0, "physical": "0", "memoryBytes": 0}],
                             server.final()["preflight"]["devices"])

    def test_slices_that_a_node_calls_whole_devices(self):
        self.plan["devices"].update(kind="Whole", resourceName="nvidia.com/gpu")
        self.sliced_smi("MIG-aa", "MIG-bb")
        self.assertEqual(["MIG-aa", "MIG-bb"], self.seen_by_ranks(CUDA_VISIBLE_DEVICES="0,1"))
        self.plan["devices"].update(perProcess=2, processes=1)
        self.write_plan(self.plan)
        self.fails("the node offers MIG slices as nvidia.com/gpu, and a process can use only one",
                   CUDA_VISIBLE_DEVICES="0,1")

    def test_what_the_plugin_names_is_sliced_and_a_whole_node_is_counted(self):
        self.plan["devices"].update(
            vendor="Habana", processVariable="HABANA_VISIBLE_MODULES", namedByPlugin=True)
        self.assertEqual(["6", "4"], self.seen_by_ranks(
            "HABANA_VISIBLE_MODULES", HABANA_VISIBLE_MODULES="6,4"))
        self.assertEqual(["0", "1"], self.seen_by_ranks("HABANA_VISIBLE_MODULES"))

    def test_no_rank_gets_a_variable_that_filters_a_second_time(self):
        self.plan["devices"].update(vendor="AMD", processVariable="HIP_VISIBLE_DEVICES",
                                    rivalVariables=["ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"])
        given = {"HIP_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": "4,5",
                 "CUDA_VISIBLE_DEVICES": "2,3"}
        self.assertEqual(["0", "1"], self.seen_by_ranks("HIP_VISIBLE_DEVICES", **given))
        for rival in ("ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"):
            self.assertEqual(["(not set)"] * 2, self.seen_by_ranks(rival, **given))

    def test_another_count_than_planned_is_refused(self):
        self.fails("names 1 devices, the plan has 2", CUDA_VISIBLE_DEVICES="0")
        self.fails("(not set) names 0 devices")

    def test_a_small_shared_memory_is_refused_in_a_pod(self):
        self.plan["resources"] = {"sharedMemoryBytes": 1 << 60}
        self.write_plan(self.plan)
        self.fails("the pod was not made as planned", "SharedMemoryExhausted",
                   CUDA_VISIBLE_DEVICES="0,1")
        self.plan["devices"]["context"] = "BareProcess"
        self.write_plan(self.plan)
        self.assertIn("note:", self.run_stage("infer", CUDA_VISIBLE_DEVICES="0,1"))

    def test_an_engine_with_workers_needs_numbers(self):
        self.plan["devices"]["context"] = "BareProcess"
        self.plan["split"] = {"strategy": "TensorParallel", "loader": "VLLM"}
        self.write_plan(self.plan)
        self.fails("VLLM needs their numbers", CUDA_VISIBLE_DEVICES="GPU-aa,GPU-bb")

    def test_no_devices_need_no_variable(self):
        self.plan["devices"].update(perProcess=0, total=0, processVariable="")
        self.write_plan(self.plan)
        self.run_stage("infer")
        self.assertEqual("Succeeded", self.termination()["outcome"])


if __name__ == "__main__":
    unittest.main()
