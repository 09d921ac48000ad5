package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs by the command line, with real processes. */
class RunCommandTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @Test
  void aRunEndsWithATableOfScoresAndARerunDoesNothing() throws IOException {
    Invocation first = run(Edit.example("command"));
    Invocation json = run("--output=json", Edit.example("command"));
    Invocation again = run("--output=json", Edit.example("command"));

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out().lines().toList())
        .containsExactly(
            "MODEL  DATASET   METRIC    SCORE   SAMPLES",
            "adds   sums      accuracy  1.0000  12",
            "adds   products  accuracy  0.0833  12");
    assertThat(first.err()).contains("EvalJob default/command: Succeeded", "2 x cpu");
    assertThat(json.exitCode()).isZero();
    assertThat(json.err()).contains("finished already, nothing to do");
    JsonNode job = JSON.readTree(json.out());
    assertThat(job.path("kind").asText()).isEqualTo("EvalJob");
    assertThat(job.at("/status/phase").asText()).isEqualTo("Succeeded");
    assertThat(again.out()).isEqualTo(json.out());
  }

  @Test
  void severalJobsArePrintedAsAList() throws IOException {
    String other =
        Edit.copy(
            folder,
            "command",
            "kind: EvalJob\nmetadata:\n  name: command",
            "kind: EvalJob\nmetadata:\n  name: other",
            "name: command-example",
            "name: other-example",
            "  name: command-files",
            "  name: command-files\n  namespace: elsewhere",
            "kind: EvalJob\nmetadata:\n",
            "kind: EvalJob\nmetadata:\n  namespace: elsewhere\n");

    Invocation run = run("-o", "json", Edit.example("command"), other);

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode list = JSON.readTree(run.out());
    assertThat(list.path("kind").asText()).isEqualTo("List");
    assertThat(list.path("items"))
        .extracting(item -> item.at("/metadata/namespace").asText())
        .containsExactly("default", "elsewhere");
  }

  @Test
  void aFailedRunSaysWhyAndWhereTheLogIs() throws IOException {
    String file =
        Edit.copy(
            folder,
            "command",
            "exec python3 \"$EVALJOB_VOLUMES/files/evaluate.py\"",
            "echo the disk is on fire >&2; exit 7",
            "  accelerator:\n",
            "  retryLimit: 0\n  accelerator:\n");

    Invocation run = run(file);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .contains("EvalJob default/command: Failed", "the disk is on fire", "log: ");
    String log = run.err().lines().filter(line -> line.contains("log: ")).findFirst().orElseThrow();
    assertThat(Files.readString(Path.of(log.substring(log.indexOf("log: ") + 5))))
        .contains("the disk is on fire");
  }

  @Test
  void pretendedDevicesKeepTheNamesThatTheVariableGivesThem() throws IOException {
    Path seen = folder.resolve("seen");
    String file =
        Edit.copy(
            folder,
            "command",
            "exec python3",
            "echo \"$CUDA_VISIBLE_DEVICES\" > %s.$RANK; exec python3".formatted(seen),
            "devicesPerProcess: 0 # CPU",
            "devicesPerProcess: 2");
    Map<String, String> environment = new HashMap<>(Invocation.environment());
    environment.put("CUDA_VISIBLE_DEVICES", "4,5,6,7");

    Invocation run =
        Invocation.with(
            environment,
            "run",
            "--devices=4:79Gi",
            "--state",
            folder.resolve("state").toString(),
            file);

    assertThat(run.err()).contains("WARNING: these devices are PRETENDED");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(folder.resolve("seen.0")).hasContent("4,5");
    assertThat(folder.resolve("seen.1")).hasContent("6,7");
    assertThat(run.err()).contains("4,5 | 6,7");
  }

  @Test
  void aFinishedRunIsNotChangedInPlaceButANewRunIdStartsAnother() throws IOException {
    String changed =
        Edit.copy(
            Files.createDirectory(folder.resolve("a")),
            "command",
            "answer: sum",
            "answer: product");
    String renewed =
        Edit.copy(
            Files.createDirectory(folder.resolve("b")),
            "command",
            "answer: sum",
            "answer: product",
            "spec:\n  runtimeRef",
            "spec:\n  runID: second\n  runtimeRef");

    assertThat(run(Edit.example("command")).exitCode()).isZero();
    Invocation refused = run(changed);
    Invocation second = run(renewed);

    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("change spec.runID");
    assertThat(second.exitCode()).as(second.err()).isZero();
    assertThat(second.out()).contains("adds   products  accuracy  1.0000  12");
  }

  @Test
  void aNamespaceThatNoFileDescribesIsServedAndOneThatAFileDescribesOnlyByItsLabels()
      throws IOException {
    String file =
        Edit.copy(
            folder,
            "command",
            "namespaceSelector: {}",
            "namespaceSelector: {matchLabels: {team: vision}}");
    Path namespace =
        Files.writeString(
            folder.resolve("namespace.yaml"),
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: closed, labels: {team: audio}}\n");

    Invocation closed = run("--namespace=closed", file, namespace.toString());
    Invocation open = run(file);

    assertThat(closed.exitCode()).isEqualTo(1);
    assertThat(closed.err()).contains("spec.runtimeRef.name").contains("closed");
    assertThat(open.exitCode()).as(open.err()).isZero();
  }

  @Test
  void aStateInUseIsNotShared() throws IOException {
    Path state = folder.resolve("state");
    try (OneMachine first =
        OneMachine.start(io.evaljob.operator.sandbox.SandboxConfig.of(state).withEvalJobs())) {
      assertThat(first.client()).isNotNull();
      Invocation second = run(Edit.example("command"));

      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.err()).contains(state.toString()).doesNotContain("\tat ");
    }
    assertThat(run(Edit.example("command")).exitCode()).isZero();
  }

  @Test
  void aMissingPythonIsNamed() {
    Invocation run =
        run("--python", folder.resolve("no/python3").toString(), Edit.example("command"));

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("--python: ", "no/python3 is not a program");
  }

  @Test
  void devicesOfTwoKindsAreNotOnOneMachine() {
    Invocation run = run(Edit.example("mig"), Edit.example("amd"));

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("nvidia.com/mig-1g.10gb, amd.com/gpu", "one after the other");
  }

  private Invocation run(String... arguments) {
    return Invocation.of(
        Stream.concat(
                Stream.of("run", "--state", folder.resolve("state").toString()),
                Stream.of(arguments))
            .toArray(String[]::new));
  }
}
