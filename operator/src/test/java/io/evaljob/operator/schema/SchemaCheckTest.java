package io.evaljob.operator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaCheckTest {
  private static final Path SAMPLES =
      Path.of(System.getProperty("basedir", "."), "../crds/src/test/resources/samples");

  /** A good job; cases add to it or change a line. */
  private static final String JOB =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata:
        name: job
        namespace: vlm
      spec:
        runtimeRef: {name: r}
        models:
        - name: base
        - name: sft
        datasets:
        - name: MMBench_DEV_EN
      """;

  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata:
        name: r
      spec:
        harness: Command
        command: {args: [python3]}
        image: python:3.11
      """;

  private static final String PROFILE =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: ModelProfile
      metadata:
        name: p
      spec:
        catalogEntries: [A]
      """;

  @ParameterizedTest
  @ValueSource(strings = {"evaljob", "evalruntime", "evalruntime-command", "modelprofile"})
  void samplesAreGood(String name) {
    Manifests read = ManifestReader.read(SAMPLES.resolve(name + ".yaml"));
    assertThat(read.documents()).hasSize(1);
    assertThat(SchemaCheck.checkAll(read)).map(SchemaProblem::message).isEmpty();
  }

  @Test
  void theTemplatesOfThisTestAreGood() {
    assertThat(messages(JOB + "---\n" + RUNTIME + "---\n" + PROFILE)).isEmpty();
  }

  static Stream<Arguments> additions() {
    return Stream.of(
        // Unknown fields.
        add("  models_: []", "13:3: spec.models_: there is no such field; did you mean models?"),
        add("  runtime: r", "13:3: spec.runtime: there is no such field; did you mean runtimeRef?"),
        add("  volumes: []", "13:3: spec.volumes: there is no such field; move it to spec.storage"),
        add(
            "  claimTemplate: {}",
            "13:3: spec.claimTemplate: there is no such field; move it to spec.storage.workspace"),
        add(
            "  placement: {zzzzzzzzzz: 1}",
            "13:15: spec.placement.zzzzzzzzzz: there is no such field; use one of: nodeSelector,"
                + " tolerations"),
        add(
            "  storage:\n    volume: []",
            "14:5: spec.storage.volume: there is no such field; did you mean volumes, or does it"
                + " belong in spec.datasets[] or spec.models[]?"),
        add("sepc: {}", "13:1: sepc: there is no such field; did you mean spec?"),
        // Types.
        add("  runID: 7", "13:3: spec.runID: 7 is a number, not text; put it in quotes"),
        add(
            "  runID: yes",
            "13:3: spec.runID: true is true or false to YAML, not text; put it in quotes"),
        add("  runID: [a]", "13:3: spec.runID: is a list, not one value; write a single value"),
        add(
            "  retryLimit: \"4\"",
            "13:3: spec.retryLimit: \"4\" is not a whole number; write it without quotes"),
        add(
            "  retryLimit: many",
            "13:3: spec.retryLimit: \"many\" is not a whole number; write a whole number from 0 to"
                + " 100"),
        add(
            "  retryLimit: 1.5",
            "13:3: spec.retryLimit: 1.5 is not a whole number; write a whole number from 0 to 100"),
        add(
            "  accelerator: gpu",
            "13:3: spec.accelerator: \"gpu\" is not a set of fields; write fields below it:"
                + " devicesPerProcess, minMemory, processes, resourceName"),
        add(
            "  env: {A: b}",
            "13:3: spec.env: is not a list; write each entry on a line of its own that begins with"
                + " '- '"),
        add(
            "  placement:\n    nodeSelector: [a]",
            "14:5: spec.placement.nodeSelector: is a list, not a set of fields; write NAME: VALUE"
                + " lines below it"),
        add("  env: [null]", "13:9: spec.env[0]: has no value; give it one, or leave it out"),
        // Bounds.
        add(
            "  runID: " + "\uD83D\uDE00".repeat(64),
            "13:3: spec.runID: \""
                + "\uD83D\uDE00".repeat(50)
                + "...\" has 64 characters; write at most 63"),
        add(
            "  retryLimit: 101",
            "13:3: spec.retryLimit: 101 is out of range; write a whole number from 0 to 100"),
        add(
            "  retryLimit: 99999999999999999999",
            "13:3: spec.retryLimit: 99999999999999999999 is out of range; write a whole number from"
                + " 0 to 100"),
        add(
            "  maxConcurrentModels: 0",
            "13:3: spec.maxConcurrentModels: 0 is out of range; write a whole number from 1 to 64"),
        add(
            "  runID: \"\"",
            "13:3: spec.runID: \"\" is empty; write something, or leave the field out"),
        add(
            "  storage: {volumes: [{name: " + "a".repeat(64) + ", claimName: c}]}",
            "13:24: spec.storage.volumes["
                + "a".repeat(64)
                + "].name: \""
                + "a".repeat(50)
                + "...\" has 64 characters; write at most 63"),
        add(
            "  accelerator: {resourceName: a/}",
            "13:17: spec.accelerator.resourceName: \"a/\" is too short; write at least 3"
                + " characters"),
        // Enums and patterns.
        add(
            "  split: {strategy: layers}",
            "13:11: spec.split.strategy: \"layers\" is not one of Auto, None, Layers,"
                + " TensorParallel; did you mean Layers?"),
        add(
            "  split: {strategy: Unknown}",
            "13:11: spec.split.strategy: \"Unknown\" is not one of Auto, None, Layers,"
                + " TensorParallel; write one of them"),
        add(
            "  accelerator: {resourceName: gpu}",
            "13:17: spec.accelerator.resourceName: \"gpu\" is not an extended resource; write"
                + " DOMAIN/NAME, for example nvidia.com/gpu"),
        add(
            "  accelerator: {minMemory: 80 GB}",
            "13:17: spec.accelerator.minMemory: \"80 GB\" is not a quantity; write a number with a"
                + " suffix, for example 79Gi, or 500m for half a core"),
        add(
            "  accelerator: {minMemory: -1}",
            "13:17: spec.accelerator.minMemory: -1 is not a quantity; write a number with a suffix,"
                + " for example 79Gi, or 500m for half a core"),
        add(
            "  resources: {infer: {cpu: 1.5}}",
            "13:23: spec.resources.infer.cpu: 1.5 is not a quantity; put it in quotes"),
        add(
            "  env: [{name: 1A}]",
            "13:10: spec.env[1A].name: \"1A\" is not the name of an environment variable; use"
                + " letters, digits and '_', with no digit first"),
        add(
            "  runID: \"a\\n\"",
            "13:3: spec.runID: \"a \" is not a valid ID; use letters, digits, '-', '_' and '.',"
                + " with a letter or digit at both ends"),
        // Required.
        add(
            "  hubTokenSecretRef: {key: k}",
            "13:3: spec.hubTokenSecretRef.name: is missing; add it: name of the Secret; the runtime"
                + " must allow it (allow.secretNames)"),
        // Twice.
        add(
            "  env: [{name: A}, {name: B}, {name: A}]",
            "13:32: spec.env[A].name: \"A\" is there twice; give every entry a name of its own"),
        // Rules.
        add(
            "  storage: {workspace: {}}",
            "13:13: spec.storage.workspace: a workspace is one claim; set claimName (an existing"
                + " one) or claimTemplate (one to make)"),
        add(
            "  storage: {volumes: [{name: v, claimName: c, subPath: a/../b}]}",
            "13:47: spec.storage.volumes[v].subPath: subPath must stay inside the claim; write it"
                + " without '..'"));
  }

  @ParameterizedTest
  @MethodSource("additions")
  void jobWithOneMistake(String addition, String message) {
    assertThat(messages(JOB + addition + "\n")).containsExactly("test.yaml:" + message);
  }

  static Stream<Arguments> models() {
    return Stream.of(
        add(
            "devicesPerProces: 3",
            "11:5: spec.models[sft].devicesPerProces: there is no such field; did you mean"
                + " devicesPerProcess?"),
        add(
            "devicesPerProcess: 65",
            "11:5: spec.models[sft].devicesPerProcess: 65 is out of range; write a whole number"
                + " from 0 to 64"),
        add(
            "hub: a/b",
            "11:5: spec.models[sft].hub: \"a/b\" is not a set of fields; write fields below it: id,"
                + " revision"),
        add(
            "hub: {id: a/b/c}",
            "11:11: spec.models[sft].hub.id: \"a/b/c\" is not a repository of the model hub; write"
                + " OWNER/NAME, for example OpenGVLab/InternVL3-78B"),
        add(
            "deviceMap: {language_model.model: 64}",
            "11:17: spec.models[sft].deviceMap[language_model.model]: 64 is out of range; write a"
                + " whole number from 0 to 63"),
        add(
            "parameters: {max_new_tokens: 1024}",
            "11:18: spec.models[sft].parameters[max_new_tokens]: 1024 is a number, not text; put it"
                + " in quotes"),
        add(
            "volume: {name: v, path: a}",
            "11:14: spec.models[sft].volume.name: a model names a volume that is not in"
                + " spec.storage.volumes; add it there"));
  }

  @ParameterizedTest
  @MethodSource("models")
  void modelWithOneMistake(String line, String message) {
    assertThat(messages(JOB.replace("  - name: sft\n", "  - name: sft\n    " + line + "\n")))
        .containsExactly("test.yaml:" + message);
  }

  static Stream<Arguments> changes() {
    return Stream.of(
        change(
            JOB,
            "name: base",
            "name: Base_1",
            "9:5: spec.models[Base_1].name: \"Base_1\" is not a valid name; use lower-case letters,"
                + " digits and dashes, with a letter or digit at both ends"),
        change(
            JOB,
            "name: sft",
            "name: base",
            "10:5: spec.models[base].name: \"base\" is there twice; give every entry a name of its"
                + " own"),
        change(
            JOB,
            "name: sft",
            "catalogEntry: A",
            "10:5: spec.models[1].name: is missing; add it: identity of the model in status, in"
                + " names of children and in paths: lower-case letters, digits and dashes"),
        change(
            JOB,
            "  runtimeRef: {name: r}\n",
            "",
            "6:1: spec.runtimeRef: is missing; add it: the EvalRuntime that evaluates: harness,"
                + " image and what it allows"),
        change(
            JOB,
            "\n  - name: MMBench_DEV_EN",
            " []",
            "11:3: spec.datasets: has 0 entries; write at least 1"),
        change(
            JOB,
            "name: job",
            "name: " + "j".repeat(53),
            "4:3: metadata.name: metadata.name is longer than 52 characters; choose a shorter name"),
        change(
            JOB,
            "name: job",
            "name: My Job",
            "4:3: metadata.name: \"My Job\" is not the name of an object; use lower-case letters,"
                + " digits, dashes and dots, with a letter or digit at both ends"),
        change(
            JOB,
            "name: job",
            "name: 7",
            "4:3: metadata.name: 7 is not text; put it in quotes: \"7\""),
        change(JOB, "  name: job\n", "", "3:1: metadata.name: is missing; give the object a name"),
        change(
            JOB,
            "namespace: vlm",
            "namespce: vlm",
            "5:3: metadata.namespce: is not a field of metadata; did you mean namespace?"),
        change(
            JOB,
            "namespace: vlm",
            "labels: {a: 1}",
            "5:12: metadata.labels.a: 1 is not text; put it in quotes: \"1\""),
        change(
            JOB,
            "kind: EvalJob",
            "kind: EvalJobs",
            "2:1: kind: \"EvalJobs\" is not a kind that is read here; did you mean EvalJob?"),
        change(
            JOB,
            "kind: EvalJob",
            "kind: Deployment",
            "2:1: kind: \"Deployment\" is not a kind that is read here; use one of: ConfigMap,"
                + " EvalJob, EvalQuota, EvalRuntime, ModelProfile, Namespace, PersistentVolumeClaim, Secret"),
        change(
            JOB,
            "kind: EvalJob\n",
            "",
            "1:1: kind: is missing; add it: ConfigMap, EvalJob, EvalQuota, EvalRuntime, ModelProfile,"
                + " Namespace, PersistentVolumeClaim, Secret"),
        change(
            JOB,
            "v1alpha1",
            "v1",
            "1:1: apiVersion: \"evaljob.io/v1\" is not an API version of EvalJob; write"
                + " evaljob.io/v1alpha1"),
        change(
            RUNTIME,
            "harness: Command",
            "harness: command",
            "6:3: spec.harness: \"command\" is not one of VLMEvalKit, Command; did you mean"
                + " Command?",
            "7:3: spec.command: harness Command needs command.args, and no other harness takes it;"
                + " set or remove command"),
        change(
            RUNTIME,
            "  command: {args: [python3]}\n",
            "  vlmevalkit: {dialect: StatusFile}\n",
            "7:3: spec.vlmevalkit: harness VLMEvalKit needs vlmevalkit.dialect, and no other"
                + " harness takes it; set or remove vlmevalkit",
            "5:1: spec.command: harness Command needs command.args, and no other harness takes it;"
                + " set or remove command"),
        change(
            RUNTIME,
            "  image: python:3.11\n",
            "  image: python:3.11\n  allow: {secretNames: [a*b, c, c]}\n",
            "9:25: spec.allow.secretNames[0]: \"a*b\" has a * where none is allowed; keep one *, at"
                + " the beginning or at the end",
            "9:33: spec.allow.secretNames[2]: \"c\" is there twice; remove one of the two"),
        change(
            RUNTIME,
            "  image: python:3.11\n",
            "  image: python:3.11\n  local: {requirements: [numpy>=2]}\n",
            "9:26: spec.local.requirements[0]: \"numpy>=2\" is not one exact version of a package;"
                + " write NAME==VERSION, for example numpy==2.2.6"),
        change(
            RUNTIME,
            "  image: python:3.11\n",
            "  image: python:3.11\n  cache: {datasetPath: ../x, hubPath: /y}\n",
            "9:30: spec.cache.hubPath: \"/y\" is not a relative path; write it without / at the"
                + " beginning",
            "9:11: spec.cache.datasetPath: paths must stay inside the cache; write them without"
                + " '..'"),
        change(
            PROFILE,
            "catalogEntries: [A]",
            "blocks: [{role: Vision, bytes: 1.5G, moduleNames: []}]",
            "6:27: spec.blocks[0].bytes: \"1.5G\" is not a whole number; write a whole number from"
                + " 0 to 9007199254740991",
            "6:40: spec.blocks[0].moduleNames: has 0 entries; write at least 1"),
        change(
            PROFILE,
            "catalogEntries: [A]",
            "tiedHead: \"yes\"",
            "6:3: spec.tiedHead: \"yes\" is neither true nor false; write true or false"));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void changedObject(String template, String from, String to, List<String> messages) {
    assertThat(template).contains(from);
    assertThat(messages(template.replace(from, to)))
        .containsExactlyElementsOf(messages.stream().map(text -> "test.yaml:" + text).toList());
  }

  @Test
  void everyMistakeIsFoundAtOnce() {
    assertThat(
            messages(
                JOB.replace("name: base", "name: base\n    process: 2")
                    + "  split: {strategy: auto}\n  retryLimit: -1\n"))
        .hasSize(3);
  }

  @Test
  void limitsOverTheWholeSpec() {
    StringBuilder many = new StringBuilder(JOB);
    IntStream.range(0, 256).forEach(i -> many.append("  - name: d%d%n".formatted(i)));
    assertThat(messages(many.toString()))
        .containsExactly(
            "test.yaml:11:3: spec.datasets: has 257 entries; write at most 256",
            "test.yaml:8:3: spec.models: models times datasets is more than 512; use several"
                + " EvalJobs");
  }

  @Test
  void aMapByHandExcludesAnotherSplit() {
    String job = JOB.replace("name: sft", "name: sft\n    deviceMap: {a: 0}");
    assertThat(messages(job + "  split: {strategy: Layers}\n")).isEmpty();
    assertThat(messages(job + "  split: {strategy: None}\n"))
        .containsExactly(
            "test.yaml:11:5: spec.models[sft].deviceMap: deviceMap is a split by hand; remove it,"
                + " or set split.strategy to Auto or Layers");
  }

  @Test
  void twoSourcesOfWeights() {
    String storage = "  storage: {volumes: [{name: v, claimName: c}]}\n";
    String both = "name: sft\n    hub: {id: a/b}\n    volume: {name: v, path: ../x}";
    assertThat(messages(JOB.replace("name: sft", both) + storage))
        .containsExactly(
            "test.yaml:12:23: spec.models[sft].volume.path: path must stay inside the volume; write"
                + " it without '..'",
            "test.yaml:10:5: spec.models[sft]: a model has one source of weights; keep hub or"
                + " volume, not both");
  }

  @Test
  void deviceMapsHaveALimitTogether() {
    StringBuilder job = new StringBuilder(JOB);
    job.setLength(job.indexOf("  - name: base"));
    for (int model = 0; model < 9; model++) {
      job.append("  - name: m").append(model).append("\n    deviceMap:\n");
      IntStream.range(0, 250).forEach(i -> job.append("      block.").append(i).append(": 0\n"));
    }
    job.append("  datasets: [{name: a}]\n");
    assertThat(messages(job.toString()))
        .singleElement()
        .asString()
        .contains("more than 2048 entries; name parent modules");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Secret", "PersistentVolumeClaim", "ConfigMap", "Namespace"})
  void coreKindsPass(String kind) {
    String text = "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: n}\nanything: {at: all}\n";
    assertThat(messages(text)).isEmpty();
    assertThat(messages(text.replace("v1", "v2")))
        .containsExactly(
            "test.yaml:1:1: apiVersion: \"v2\" is not an API version of " + kind + "; write v1");
    assertThat(messages(text.replace("metadata: {name: n}\n", "")))
        .containsExactly("test.yaml:1:1: metadata: is missing; add it, with a name below it");
  }

  @Test
  void theSameObjectTwice() {
    assertThat(messages(JOB + "---\n" + JOB))
        .containsExactly(
            "test.yaml:17:3: metadata.name: there is already EvalJob job in line 4 of test.yaml;"
                + " give one of them another name, or remove it");
    assertThat(messages(JOB + "---\n" + JOB.replace("vlm", "other"))).isEmpty();
  }

  @Test
  void statusIsNotChecked() {
    assertThat(messages(JOB + "status: {phase: [later]}\n")).isEmpty();
  }

  @Test
  void unreadableFilesAreReportedWithTheRest() {
    assertThat(messages(JOB + "  retryLimit: -1\n---\na: [\n")).hasSize(2);
  }

  @Test
  void anObjectFromNoFileHasNoPlace() {
    assertThat(SchemaCheck.check(JsonNodeFactory.instance.objectNode().put("kind", "EvalJob")))
        .map(SchemaProblem::message)
        .containsExactly(
            "apiVersion: is missing; write evaljob.io/v1alpha1",
            "metadata: is missing; add it, with a name below it",
            "spec: is missing; add it: what is asked for");
    assertThat(SchemaCheck.check(JsonNodeFactory.instance.textNode("x"))).hasSize(1);
  }

  private static Arguments add(String addition, String message) {
    return Arguments.of(addition, message);
  }

  private static Arguments change(String template, String from, String to, String... messages) {
    return Arguments.of(template, from, to, new ArrayList<>(List.of(messages)));
  }

  private static List<String> messages(String text) {
    Manifests read =
        ManifestReader.read(
            new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "test.yaml");
    return SchemaCheck.checkAll(read).stream().map(SchemaProblem::message).toList();
  }
}
