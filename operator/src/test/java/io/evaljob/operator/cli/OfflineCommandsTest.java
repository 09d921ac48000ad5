package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OfflineCommandsTest {

  private static final Path GOLDEN = Path.of("src/test/resources/golden-cli");
  private static final boolean UPDATE = Boolean.getBoolean("golden.update");
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<String> examples() throws IOException {
    try (Stream<Path> files = Files.list(Edit.EXAMPLES)) {
      return files
          .map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(".yaml"))
          .map(name -> name.substring(0, name.length() - ".yaml".length()))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleIsValid(String example) {
    Invocation validate = Invocation.of("validate", Edit.example(example));

    assertThat(validate.exitCode()).as(validate.err()).isZero();
    assertThat(validate.out()).contains("EvalJob default/" + example + " is valid");
  }

  @Test
  void whatIsValidIsSaidWithItsSize() {
    assertThat(Invocation.of("validate", Edit.example("split-78b")).out())
        .contains("1 model x 2 datasets, at most 8 x nvidia.com/gpu a model");
    assertThat(Invocation.of("validate", Edit.example("command")).out())
        .contains("1 model x 2 datasets, on CPU");
  }

  /** What {@code evaljob plan} prints for every example; {@code -Dgolden.update=true} rewrites. */
  @ParameterizedTest
  @MethodSource("examples")
  void thePlanOfEveryExampleIsAsCommitted(String example) throws IOException {
    Invocation plan = Invocation.of("plan", Edit.example(example));
    Path golden = GOLDEN.resolve(example + ".txt");
    if (UPDATE) {
      Files.createDirectories(GOLDEN);
      Files.writeString(golden, plan.out());
    }

    assertThat(plan.exitCode()).as(plan.err()).isZero();
    assertThat(plan.out()).isEqualTo(Files.readString(golden));
  }

  @Test
  void theReadmeShowsWhatPlanPrints() throws IOException {
    assertThat(Files.readString(Path.of("../README.md")))
        .contains(Files.readString(GOLDEN.resolve("split-78b.txt")).strip());
  }

  @Test
  void onOneMachineProcessesGetTheDevicesTheVariableNames() throws IOException {
    Map<String, String> environment = new HashMap<>(Invocation.environment());
    environment.put("CUDA_VISIBLE_DEVICES", "4,5,6,7");

    Invocation plan =
        Invocation.with(
            environment,
            "plan",
            "--context=machine",
            "-o",
            "json",
            Edit.example("visible-devices"));

    assertThat(plan.exitCode()).as(plan.err()).isZero();
    JsonNode model = JSON.readTree(plan.out()).at("/items/0/plans/0");
    assertThat(texts(model.at("/ranks/0/visibleDevices"))).containsExactly("4", "5");
    assertThat(texts(model.at("/ranks/1/visibleDevices"))).containsExactly("6", "7");
  }

  @Test
  void inAPodDevicesCountFromZeroWhateverThisMachineShows() throws IOException {
    Map<String, String> environment = new HashMap<>(Invocation.environment());
    environment.put("CUDA_VISIBLE_DEVICES", "4,5,6,7");

    Invocation plan =
        Invocation.with(environment, "plan", "-o", "json", Edit.example("visible-devices"));

    JsonNode model = JSON.readTree(plan.out()).at("/items/0/plans/0");
    assertThat(texts(model.at("/ranks/0/visibleDevices"))).containsExactly("0", "1");
    assertThat(texts(model.at("/ranks/1/visibleDevices"))).containsExactly("2", "3");
  }

  @Test
  void pretendedDevicesInAPodMakeNoSense() {
    Invocation plan =
        Invocation.of("plan", "--devices=4", "--context=pod", Edit.example("visible-devices"));

    assertThat(plan.exitCode()).isEqualTo(2);
    assertThat(plan.err()).contains("--devices:", "--context pod");
  }

  @Test
  void renderPrintsTheObjectsInTheOrderInWhichTheyAreMade() throws IOException {
    Invocation render = Invocation.of("render", Edit.example("split-78b"));

    assertThat(render.exitCode()).as(render.err()).isZero();
    assertThat(documents(render.out()))
        .extracting(object -> object.path("kind").asText())
        .containsExactly("ConfigMap", "PersistentVolumeClaim", "Job", "Job", "Job");
    assertThat(render.out()).contains("nvidia.com/gpu: \"8\"", "is left out; --runner prints it");
  }

  @Test
  void renderPrintsTheRunnerWhenAsked() throws IOException {
    Invocation render = Invocation.of("render", "--runner", Edit.example("command"));

    assertThat(documents(render.out()).get(0).path("binaryData").has("evaljob-runner.pyz"))
        .isTrue();
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  private static List<JsonNode> documents(String yaml) throws IOException {
    ObjectMapper mapper = new ObjectMapper(new YAMLFactory());
    return mapper.readerFor(JsonNode.class).<JsonNode>readValues(yaml).readAll();
  }
}
