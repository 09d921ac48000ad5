package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.reconcile.EvalJobOperator;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Scenarios whose Jobs run as processes of this machine. One cluster serves all tests of a class:
 * starting one takes longer than most of what is tested.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ProcessScenarios extends ScenarioBase {

  /** Never asked: how a process ends is the program's affair. */
  private static final Script THEMSELVES =
      (model, stage, attempt) -> {
        throw new IllegalStateException("processes decide for themselves");
      };

  /** Beside the program: its answers, its gate, and the state of the machine. */
  private Path folder;

  @BeforeAll
  void beginOnce(@TempDir Path given) throws IOException {
    folder = given;
    try (InputStream program = ProcessScenarios.class.getResourceAsStream("program.py")) {
      Files.copy(program, folder.resolve("program.py"));
    }
    super.begin();
    apply(runtime());
    whenJobs(THEMSELVES);
  }

  /** The machine goes away with all its processes and comes back on the same state. */
  void restart() {
    replaceCluster();
    whenJobs(THEMSELVES);
  }

  @AfterAll
  void endOnce() {
    super.end();
  }

  /** Once for all tests. */
  @Override
  void begin() {}

  /** Once for all tests. */
  @Override
  void end() {}

  @Override
  TestCluster newCluster() {
    return new ProcessCluster(folder.resolve("state"));
  }

  @Override
  EvalJobOperator newOperator(KubernetesClient client, DeviceContext devices) {
    return ((ProcessCluster) cluster()).startOperator(client);
  }

  private EvalRuntime runtime() {
    return Serialization.unmarshal(
        """
            apiVersion: evaljob.io/v1alpha1
            kind: EvalRuntime
            metadata: {name: NAME}
            spec:
              harness: Command
              command: {args: [python3, PROGRAM]}
              image: none
              allow: {namespaceSelector: {}}
            """
            .replace("NAME", runtimeName())
            .replace("PROGRAM", folder.resolve("program.py").toString()),
        EvalRuntime.class);
  }

  /** Lets the model that waits for it go on. */
  void openGate() {
    try {
      Files.createFile(folder.resolve("gate"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a model's processes really answered: data set, rank, sample, devices. */
  List<String> answersOf(String model) {
    try {
      Path answers = folder.resolve("answers");
      return Files.exists(answers)
          ? Files.readAllLines(answers).stream()
              .filter(line -> line.startsWith(model + " "))
              .map(line -> line.substring(model.length() + 1))
              .toList()
          : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Every one of the samples was answered, and no more than {@code again} of them a second time.
   */
  void assertAllAnswered(String model, int samples, int again) {
    List<String> answers = answersOf(model);
    List<String> answered =
        answers.stream()
            .map(line -> line.split(" ", -1))
            .map(part -> part[0] + " " + part[2])
            .toList();
    assertThat(answered.stream().distinct()).as("%s", answers).hasSize(samples);
    assertThat(answered).as("%s", answers).hasSizeBetween(samples, samples + again);
  }
}
