package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people get wrong, and what they are told. */
class BadInputTest {

  @TempDir Path folder;

  @Test
  void anUnknownFieldIsNamedWithItsLineAndWhatWasMeant() throws IOException {
    String file = Edit.copy(folder, "command", "  datasets:\n", "  datasetts:\n");

    assertThat(refused("validate", file))
        .anyMatch(
            line -> line.matches(".*command\\.yaml:[0-9]+:3: spec\\.datasetts: .*datasets\\?"))
        .anyMatch(line -> line.contains("spec.datasets") && line.contains("missing"));
  }

  @Test
  void everyMistakeIsSaidAtOnce() throws IOException {
    String file =
        Edit.copy(
            folder,
            "split-78b",
            "catalogEntry: InternVL3-78B",
            "catalogEntri: InternVL3-78B",
            "processes: 2",
            "processes: 0",
            "strategy: Layers",
            "strategy: Layer",
            "name: MMStar",
            "name: MMBench_DEV_EN");

    assertThat(refused("validate", file))
        .anyMatch(line -> line.contains("catalogEntri") && line.contains("catalogEntry?"))
        .anyMatch(line -> line.contains("spec.accelerator.processes: 0"))
        .anyMatch(line -> line.contains("spec.split.strategy") && line.contains("Layers"))
        .anyMatch(line -> line.contains("MMBench_DEV_EN") && line.contains("spec.datasets"))
        .anyMatch(line -> line.contains("4 problems"));
  }

  @Test
  void whatASchemaCannotSeeIsSaidBesideWhatItSees() throws IOException {
    String file =
        Edit.copy(
            folder,
            "split-78b",
            "  smokeTest: {samples: 4}",
            "  smokeTest: {samples: 4, sample: 5}\n  env: [{name: RANK, value: \"1\"}]",
            "minMemory: 79Gi",
            "minMemory: 23Gi");

    assertThat(refused("validate", file))
        .anyMatch(line -> line.contains("spec.smokeTest.sample") && line.contains("samples?"))
        .anyMatch(line -> line.contains("spec.env[RANK]: 1 "))
        .anyMatch(line -> line.contains("GiB") && line.contains("internvl3-78b"))
        .anyMatch(line -> line.contains("3 problems"));
  }

  /** Takes every line, and every line with what is indented below it, out of an example in turn. */
  @ParameterizedTest
  @ValueSource(strings = {"split-78b", "command", "base-and-finetune"})
  void whateverIsLeftOutIsAnsweredWithoutAnError(String example) throws IOException {
    List<String> lines = Files.readAllLines(Edit.EXAMPLES.resolve(example + ".yaml"));
    for (int first = 0; first < lines.size(); first++) {
      int end = first + 1;
      while (end < lines.size() && indent(lines.get(end)) > indent(lines.get(first))) {
        end++;
      }
      List<String> rest = new ArrayList<>(lines.subList(0, first));
      rest.addAll(lines.subList(end, lines.size()));
      Path file = Files.write(folder.resolve("rest.yaml"), rest);

      Invocation validate = Invocation.of("validate", "--devices=8:79Gi", file.toString());

      assertThat(validate.exitCode()).as(lines.get(first)).isBetween(0, 1);
      assertThat(validate.err())
          .as(lines.get(first))
          .doesNotContain("EVALJOB_LOG_LEVEL", "Exception", "null");
      assertThat(validate.err().isEmpty()).as(lines.get(first)).isEqualTo(validate.exitCode() == 0);
    }
  }

  private static int indent(String line) {
    return line.length() - line.stripLeading().length();
  }

  @Test
  void malformedYamlIsSaidWithItsPlace() throws IOException {
    String file = Edit.copy(folder, "command", "  models:\n", "  models: [\n");

    assertThat(refused("validate", file))
        .anyMatch(line -> line.matches(".*command\\.yaml:[0-9]+:[0-9]+: this is not valid YAML.*"));
  }

  @Test
  void aBinaryFileIsNotText() throws IOException {
    Path file = Files.write(folder.resolve("image.yaml"), new byte[] {(byte) 0x89, 'P', 0, 1, 2});

    assertThat(refused("validate", file.toString()))
        .anyMatch(line -> line.contains("image.yaml: this is not plain text; save it as UTF-8"));
  }

  @Test
  void anEmptyFileHasNoJob() throws IOException {
    Path file = Files.writeString(folder.resolve("empty.yaml"), "\n", StandardCharsets.UTF_8);

    assertThat(Invocation.of("run", file.toString()).exitCode()).isEqualTo(2);
  }

  @Test
  void anUnknownRuntimeGetsASuggestion() throws IOException {
    String file =
        Edit.copy(folder, "command", "{name: command-example}", "{name: command-exampel}");

    assertThat(refused("validate", file))
        .anyMatch(
            line ->
                line.contains("spec.runtimeRef.name: EvalRuntime command-exampel does not exist")
                    && line.contains("did you mean command-example?")
                    && line.contains("name its file on the command line too"));
  }

  @Test
  void anUnknownProfileGetsASuggestion() throws IOException {
    String file =
        Edit.copy(
            folder,
            "split-78b",
            "catalogEntry: InternVL3-78B",
            "catalogEntry: InternVL3-78B\n    profileName: internvl3-87b");

    assertThat(refused("validate", file))
        .anyMatch(
            line ->
                line.contains("spec.models[internvl3-78b].profileName")
                    && line.contains("did you mean internvl3-78b?"));
  }

  @Test
  void deviceVariablesAreNotForTheAuthor() throws IOException {
    String file =
        Edit.copy(
            folder,
            "split-78b",
            "  smokeTest: {samples: 4}",
            "  env: [{name: CUDA_VISIBLE_DEVICES, value: \"0\"}, {name: RANK, value: \"1\"}]");

    assertThat(refused("validate", file))
        .anyMatch(line -> line.contains("spec.env[CUDA_VISIBLE_DEVICES]: 0 "))
        .anyMatch(line -> line.contains("spec.env[RANK]: 1 "));
  }

  @Test
  void fewerDevicesThanProcessesOnOneMachine() {
    assertThat(refused("validate", "--devices", "3:79Gi", Edit.example("four-devices")))
        .anyMatch(
            line -> line.contains("spec.accelerator.processes: 4") && line.contains("3 devices"));
  }

  @Test
  void devicesThatProcessesCannotShareOnOneMachine() {
    assertThat(refused("validate", "--devices", "5:79Gi", Edit.example("visible-devices")))
        .anyMatch(line -> line.contains("spec.accelerator.processes: 2") && line.contains("5"));
  }

  @Test
  void aSplitOverMigSlices() throws IOException {
    String file = Edit.copy(folder, "mig", "devicesPerProcess: 1", "devicesPerProcess: 2");

    assertThat(refused("validate", file))
        .anyMatch(
            line -> line.contains("spec.accelerator.devicesPerProcess: 2") && line.contains("MIG"));
  }

  @Test
  void aMapThatMissesAModule() throws IOException {
    String file = Edit.copy(folder, "device-map", "      language_model.model.layers.30: 1\n", "");

    assertThat(refused("validate", file))
        .anyMatch(
            line -> line.contains("spec.models[internvl3-78b].deviceMap") && line.contains("30"));
  }

  @Test
  void aMapThatNamesADeviceThatIsNotThere() throws IOException {
    String file =
        Edit.copy(
            folder,
            "device-map",
            "language_model.model.layers.30: 1",
            "language_model.model.layers.30: 4");

    assertThat(refused("validate", file))
        .anyMatch(
            line -> line.contains("deviceMap") && line.contains("layers.30") && line.contains("4"));
  }

  @Test
  void aModelThatDoesNotFit() throws IOException {
    String file = Edit.copy(folder, "split-78b", "minMemory: 79Gi", "minMemory: 23Gi");

    assertThat(refused("validate", file))
        .anyMatch(
            line ->
                line.contains("spec.models[internvl3-78b]")
                    || line.contains("spec.accelerator.devicesPerProcess"))
        .anyMatch(line -> line.contains("GiB") || line.contains("Gi"));
  }

  @Test
  void aNameThatTheRuntimeDoesNotAllow() throws IOException {
    String file =
        Edit.copy(
            folder, "base-and-finetune", "hub: {id: OpenGVLab/InternVL3-8B}", "hub: {id: x/y}");

    assertThat(refused("validate", file))
        .anyMatch(
            line -> line.contains("spec.models[base].hub.id: x/y") && line.contains("OpenGVLab/*"));
  }

  @Test
  void twoModelsAtOnceOnOneSharedClaim() throws IOException {
    String file =
        Edit.copy(
            folder,
            "base-and-finetune",
            "accessModes: [ReadWriteMany]",
            "accessModes: [ReadWriteOnce]",
            "maxConcurrentModels: 1",
            "maxConcurrentModels: 2",
            "claimTemplate: {size: 50Gi}",
            "claimName: evaljob-models");

    assertThat(refused("validate", file))
        .anyMatch(
            line ->
                line.contains("evaljob-models")
                    && line.contains("ReadWriteOnce")
                    && line.contains("maxConcurrentModels"));
  }

  @Test
  void runRefusesAsValidateDoesAndLeavesNoJobBehind() throws IOException {
    String file =
        Edit.copy(folder, "command", "processes: 2", "processes: 2\n    devicesPerProcess: 1");
    String fixed = Edit.copy(Files.createDirectory(folder.resolve("fixed")), "command");
    String state = folder.resolve("state").toString();
    String wrong =
        Files.writeString(
                Path.of(file),
                Files.readString(Path.of(file)).replace("    devicesPerProcess: 0 # CPU\n", ""))
            .toString();

    Invocation refused = Invocation.of("run", "--state", state, wrong);
    Invocation after = Invocation.of("run", "--state", state, fixed);

    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err())
        .contains("spec.accelerator.devicesPerProcess: 1 cannot be met")
        .contains("evaljob run: 1 problem");
    assertThat(after.exitCode()).as(after.err()).isZero();
  }

  private static List<String> refused(String... arguments) {
    Invocation invocation = Invocation.of(arguments);
    assertThat(invocation.exitCode()).as(invocation.err()).isEqualTo(1);
    assertThat(invocation.out()).isEmpty();
    assertThat(invocation.err()).doesNotContain("Exception", "\tat ");
    return invocation.err().lines().toList();
  }
}
