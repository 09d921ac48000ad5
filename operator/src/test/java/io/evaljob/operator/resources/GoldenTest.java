package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.plan.Accelerator;
import io.evaljob.operator.plan.Accelerators;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.VisibleDevice;
import io.evaljob.operator.validate.Manifests;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.ResolvedModel;
import io.evaljob.operator.validate.Validation;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * All children of every example, compared with what is committed under {@code golden/}. {@code
 * -Dgolden.update=true} writes them anew; review the difference.
 *
 * <p>A folder has its own {@code in.yaml}, or the name of an example. {@code devices.txt} makes it
 * a machine of its own: one {@code ID MEMORY} a line.
 */
class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path EXAMPLES = Path.of("../deploy/examples");
  private static final Path RUNTIMES = Path.of("../deploy/runtimes");
  private static final boolean UPDATE = Boolean.getBoolean("golden.update");

  /** A runner that never changes, so that work on the real one changes no golden file. */
  private static final RunnerArchive RUNNER =
      RunnerArchive.of(Map.of("__main__.py", "print('runner')\n".getBytes(StandardCharsets.UTF_8)));

  private static final ChildFactory FACTORY =
      new ChildFactory(
          new ResourceSettings("https://evaljob-operator.evaljob-system.svc:8443", RUNNER));

  private static final String CA =
      "-----BEGIN CERTIFICATE-----\nthe report endpoint's CA\n-----END CERTIFICATE-----\n";

  private static final ObjectMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
          .enable(YAMLGenerator.Feature.LITERAL_BLOCK_STYLE)
          .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
          .build();

  static Set<String> cases() throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> folders = Files.list(GOLDEN)) {
      folders.filter(Files::isDirectory).forEach(path -> names.add(path.getFileName().toString()));
    }
    if (Files.isDirectory(EXAMPLES)) {
      try (Stream<Path> files = Files.list(EXAMPLES)) {
        files
            .map(path -> path.getFileName().toString())
            .filter(name -> name.endsWith(".yaml") && !name.equals("kustomization.yaml"))
            .forEach(name -> names.add(name.substring(0, name.length() - ".yaml".length())));
      }
    }
    return names;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void childrenAreAsCommitted(String name) throws IOException {
    Map<String, String> made = render(name);
    Path folder = GOLDEN.resolve(name);
    if (UPDATE) {
      Files.createDirectories(folder);
      for (Path old : committed(folder)) {
        Files.delete(old);
      }
      for (Map.Entry<String, String> file : made.entrySet()) {
        Files.writeString(folder.resolve(file.getKey()), file.getValue());
      }
    }
    Set<String> files = new TreeSet<>();
    for (Path path : committed(folder)) {
      files.add(path.getFileName().toString());
    }
    assertThat(files).as("golden files of %s", name).isEqualTo(made.keySet());
    for (Map.Entry<String, String> file : made.entrySet()) {
      assertThat(file.getValue())
          .as(file.getKey())
          .isEqualTo(Files.readString(folder.resolve(file.getKey())));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void devicesAreVisibleOnlyWhereTheyAreRequested(String name) throws IOException {
    for (Job job : jobs(name)) {
      for (Container container : job.getSpec().getTemplate().getSpec().getContainers()) {
        Map<String, String> environment =
            container.getEnv().stream()
                .filter(variable -> variable.getValue() != null)
                .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
        Map<String, Quantity> limits = container.getResources().getLimits();
        Set<String> devices = new HashSet<>(limits.keySet());
        devices.removeIf(resource -> Accelerators.find(resource).isEmpty());
        assertThat(devices).as("one kind of device a container").hasSizeLessThanOrEqualTo(1);
        if (devices.isEmpty()) {
          assertThat(visible(environment))
              .allMatch(value -> value.isEmpty() || "void".equals(value));
          Accelerator planned = Accelerators.find(resourceOf(name, job)).orElseThrow();
          assertThat(environment).containsEntry(planned.processVariable(), "");
          if (!isMachine(name)) {
            Accelerators.all().stream()
                .flatMap(row -> row.runtimeVariable().stream())
                .forEach(variable -> assertThat(environment).containsEntry(variable, "void"));
          }
          continue;
        }
        String resource = devices.iterator().next();
        Accelerator accelerator = Accelerators.find(resource).orElseThrow();
        assertThat(container.getResources().getRequests())
            .containsEntry(resource, limits.get(resource));
        accelerator
            .runtimeVariable()
            .ifPresent(variable -> assertThat(environment).doesNotContainKey(variable));
        accelerator
            .rivalVariables()
            .forEach(variable -> assertThat(environment).doesNotContainKey(variable));
        String[] listed = environment.get(accelerator.processVariable()).split(",");
        assertThat(listed).hasSize(Integer.parseInt(limits.get(resource).getAmount()));
        if (!isMachine(name)) {
          assertThat(listed).isEqualTo(numbers(listed.length));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void podsAreRestrictedAndHoldNoSecretOfTheCluster(String name) throws IOException {
    for (Job job : jobs(name)) {
      PodSpec pod = job.getSpec().getTemplate().getSpec();
      assertThat(job.getMetadata().getName()).hasSizeLessThanOrEqualTo(63);
      assertThat(job.getSpec().getBackoffLimit()).isZero();
      assertThat(job.getSpec().getTtlSecondsAfterFinished()).isNull();
      assertThat(pod.getAutomountServiceAccountToken()).isFalse();
      assertThat(pod.getEnableServiceLinks()).isFalse();
      assertThat(pod.getRestartPolicy()).isEqualTo("Never");
      assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
      assertThat(pod.getSecurityContext().getSeccompProfile().getType())
          .isEqualTo("RuntimeDefault");
      assertThat(pod.getHostNetwork()).isNull();
      assertThat(pod.getVolumes())
          .allMatch(volume -> volume.getHostPath() == null && volume.getSecret() == null);
      String stage = job.getMetadata().getLabels().get(Labels.STAGE);
      for (Container container : pod.getContainers()) {
        assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
        assertThat(container.getSecurityContext().getCapabilities().getDrop())
            .containsExactly("ALL");
        assertThat(container.getEnv())
            .filteredOn(
                variable ->
                    variable.getValueFrom() != null
                        && variable.getValueFrom().getSecretKeyRef() != null)
            .allMatch(
                variable ->
                    variable
                        .getName()
                        .equals(
                            Map.of("prefetch", "HF_TOKEN", "score", "EVALJOB_JUDGE_KEY")
                                .get(stage)));
        assertThat(container.getVolumeMounts())
            .filteredOn(mount -> mount.getMountPath().startsWith(ContainerPaths.VOLUMES))
            .allMatch(mount -> Boolean.TRUE.equals(mount.getReadOnly()));
        assertThat(container.getVolumeMounts())
            .filteredOn(mount -> mount.getMountPath().equals(ContainerPaths.CACHE))
            .allMatch(
                mount -> "prefetch".equals(stage) || Boolean.TRUE.equals(mount.getReadOnly()));
      }
    }
  }

  /** The resource that the plan of a Job's model names. */
  private static String resourceOf(String name, Job job) throws IOException {
    String plan =
        job.getSpec().getTemplate().getSpec().getVolumes().stream()
            .filter(volume -> volume.getName().equals("plan"))
            .map(volume -> volume.getConfigMap().getName())
            .findFirst()
            .orElseThrow();
    return children(name).stream()
        .filter(child -> child.getMetadata().getName().equals(plan))
        .map(child -> PlanConfigMap.plan((ConfigMap) child).devices().resourceName())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everyStageOfEveryGoldenIsStable() throws IOException {
    for (String name : cases()) {
      assertThat(render(name)).as(name).isEqualTo(render(name));
    }
  }

  private static List<Job> jobs(String name) throws IOException {
    return children(name).stream()
        .filter(Job.class::isInstance)
        .map(Job.class::cast)
        .collect(Collectors.toList());
  }

  private static Map<String, String> render(String name) throws IOException {
    Map<String, Integer> seen = new HashMap<>();
    List<HasMetadata> children = children(name);
    children.forEach(child -> seen.merge(file(child, false), 1, Integer::sum));
    Map<String, String> files = new TreeMap<>();
    for (HasMetadata child : children) {
      boolean alone = seen.get(file(child, false)) == 1;
      files.put(file(child, !alone), yaml(child));
    }
    return files;
  }

  /** Without the hash, a file keeps its name when its content changes. */
  private static String file(HasMetadata child, boolean withHash) {
    String name = child.getMetadata().getName();
    return "out-"
        + child.getKind()
        + "-"
        + (withHash ? name : name.substring(0, name.lastIndexOf('-')))
        + ".yaml";
  }

  private static String yaml(HasMetadata child) {
    try {
      return YAML.writeValueAsString(child);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<HasMetadata> children(String name) throws IOException {
    Manifests manifests = manifests(name);
    List<HasMetadata> children = new ArrayList<>();
    Set<String> runners = new HashSet<>();
    for (EvalJob job : manifests.jobs()) {
      if (job.getMetadata().getNamespace() == null) {
        job.getMetadata().setNamespace("default");
      }
      Validation validation = manifests.validate(job, devices(name));
      ResolvedJob resolved = resolved(name, validation);
      Run run = new Run(job.getSpec().runIDOrDefault(), 1, RunHash.of(job, resolved.runtime()));
      if (runners.add(job.getMetadata().getNamespace())) {
        children.add(FACTORY.runner(job.getMetadata().getNamespace()));
      }
      for (ResolvedModel model : resolved.models()) {
        ConfigMap plan = FACTORY.plan(resolved, model, run, CA);
        children.add(plan);
        FACTORY.workspace(job, model.spec()).ifPresent(children::add);
        for (Stage stage : List.of(Stage.Prefetch, Stage.Infer, Stage.Score)) {
          children.add(FACTORY.job(job, plan, stage, 1));
        }
        children.add(FACTORY.results(job, run, model.spec().name(), rows(job, model)));
      }
    }
    return children;
  }

  private static ResolvedJob resolved(String name, Validation validation) {
    if (validation instanceof Validation.Valid valid) {
      return valid.job();
    }
    String why =
        validation instanceof Validation.Invalid invalid
            ? invalid.refusals().stream().map(Refusal::message).collect(Collectors.joining("\n"))
            : validation.toString();
    return fail(name + " cannot run: " + why);
  }

  private static List<ResultRow> rows(EvalJob job, ResolvedModel model) {
    return job.getSpec().datasets().stream()
        .map(
            dataset ->
                new ResultRow(
                    model.spec().name(),
                    dataset.name(),
                    "Succeeded",
                    "Overall",
                    "0.75",
                    "exact_matching",
                    12L,
                    0L,
                    null))
        .collect(Collectors.toList());
  }

  private static Manifests manifests(String name) throws IOException {
    Path own = GOLDEN.resolve(name).resolve("in.yaml");
    List<Path> files = new ArrayList<>();
    files.add(Files.exists(own) ? own : EXAMPLES.resolve(name + ".yaml"));
    if (Files.isDirectory(RUNTIMES)) {
      try (Stream<Path> runtimes = Files.list(RUNTIMES)) {
        runtimes
            .filter(path -> path.toString().endsWith(".yaml"))
            .filter(path -> !path.endsWith("kustomization.yaml"))
            .sorted()
            .forEach(files::add);
      }
    }
    return Manifests.read(files.toArray(Path[]::new));
  }

  private static boolean isMachine(String name) {
    return Files.exists(GOLDEN.resolve(name).resolve("devices.txt"));
  }

  private static DeviceContext devices(String name) throws IOException {
    if (!isMachine(name)) {
      return new DeviceContext.RequestedInPod();
    }
    List<VisibleDevice> devices = new ArrayList<>();
    for (String line : Files.readAllLines(GOLDEN.resolve(name).resolve("devices.txt"))) {
      List<String> words = Arrays.asList(line.trim().split(" +"));
      devices.add(
          new VisibleDevice(words.get(0), CanonicalQuantity.bytes(Quantity.parse(words.get(1)))));
    }
    return new DeviceContext.BareProcess(devices);
  }

  private static List<Path> committed(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(path -> path.getFileName().toString().startsWith("out-"))
          .collect(Collectors.toList());
    }
  }

  private static List<String> visible(Map<String, String> environment) {
    Set<String> variables = new HashSet<>();
    for (Accelerator accelerator : Accelerators.all()) {
      variables.add(accelerator.processVariable());
      accelerator.runtimeVariable().ifPresent(variables::add);
    }
    return environment.entrySet().stream()
        .filter(entry -> variables.contains(entry.getKey()))
        .map(Map.Entry::getValue)
        .collect(Collectors.toList());
  }

  private static String[] numbers(int count) {
    String[] numbers = new String[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = Integer.toString(i);
    }
    return numbers;
  }
}
