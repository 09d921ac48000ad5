package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ResultRow;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.validate.Manifests;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.Validation;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChildFactoryTest {
  private static final RunnerArchive RUNNER =
      RunnerArchive.of(Map.of("__main__.py", "pass\n".getBytes(StandardCharsets.UTF_8)));
  private static final ChildFactory FACTORY =
      new ChildFactory(new ResourceSettings("https://operator:8443", RUNNER));

  private static final String MANIFEST =
      Manifests.PROGRAM
          + """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: job, namespace: vlm}
      spec:
        runtimeRef: {name: program}
        models: [{name: base}]
        datasets: [{name: shapes}]
        placement: {nodeSelector: {}}
      """;

  private static ResolvedJob resolved(String manifest) {
    Validation validation = Manifests.of(manifest).validate();
    assertThat(validation).isInstanceOf(Validation.Valid.class);
    return ((Validation.Valid) validation).job();
  }

  private static ConfigMap plan(ResolvedJob job, String caBundle) {
    Run run = new Run("1", 1, RunHash.of(job.job(), job.runtime()));
    return FACTORY.plan(job, job.models().get(0), run, caBundle);
  }

  @Test
  void thePlanSurvivesTheConfigMap() {
    ResolvedJob job = resolved(MANIFEST);
    Run run = new Run("1", 1, RunHash.of(job.job(), job.runtime()));
    PlanDocument written = PlanDocuments.of(job, job.models().get(0), run);
    assertThat(PlanConfigMap.plan(plan(job, ""))).isEqualTo(written);
    assertThat(PlanConfigMap.runtime(plan(job, "")).name()).isEqualTo("program");
  }

  @Test
  void anotherPlanOrAuthorityIsAnotherConfigMap() {
    String name = plan(resolved(MANIFEST), "").getMetadata().getName();
    assertThat(plan(resolved(MANIFEST), "").getMetadata().getName()).isEqualTo(name);
    assertThat(plan(resolved(MANIFEST), "PEM").getMetadata().getName()).isNotEqualTo(name);
    assertThat(plan(resolved(MANIFEST.replace("eval:1", "eval:2")), "").getMetadata().getName())
        .isNotEqualTo(name);
  }

  @Test
  void anEditedRuntimeChangesNoLaterStage() {
    ResolvedJob before = resolved(MANIFEST);
    ConfigMap plan = plan(before, "");
    EvalJob job = before.job();
    before.runtime().getMetadata().setGeneration(2L);
    Job score = FACTORY.job(job, plan, Stage.Score, 1);
    assertThat(score.getSpec().getTemplate().getSpec().getContainers().get(0).getImage())
        .isEqualTo("registry.example/eval:1");
    assertThat(FACTORY.job(job, plan, Stage.Score, 1)).isEqualTo(score);
  }

  @Test
  void withoutCertificatesNoneAreNamed() {
    ResolvedJob job = resolved(MANIFEST);
    assertThat(environment(FACTORY.job(job.job(), plan(job, ""), Stage.Infer, 1)))
        .doesNotContain("EVALJOB_REPORT_CA_FILE");
    assertThat(environment(FACTORY.job(job.job(), plan(job, "PEM"), Stage.Infer, 1)))
        .contains("EVALJOB_REPORT_CA_FILE");
  }

  @Test
  void aKubeletGivesTheValuesOfVariablesAsTheyAreWritten() {
    ResolvedJob job =
        resolved(
            MANIFEST
                .replace("placement:", "env: [{name: A, value: '$(HOME) $$ $x'}]\n  placement:")
                .replace("namespaceSelector: {}", "namespaceSelector: {}, envNames: [A]"));
    assertThat(
            FACTORY
                .job(job.job(), plan(job, ""), Stage.Infer, 1)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .get(0)
                .getEnv())
        .filteredOn(variable -> variable.getName().equals("A"))
        .extracting(variable -> variable.getValue())
        .containsExactly("$$(HOME) $$$$ $$x");
  }

  private static List<String> environment(Job job) {
    PodSpec pod = job.getSpec().getTemplate().getSpec();
    return pod.getContainers().get(0).getEnv().stream()
        .map(variable -> variable.getName())
        .toList();
  }

  @ParameterizedTest
  @CsvSource({
    "nvidia.com/gpu, CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0, CUDA_VISIBLE_DEVICES",
    "amd.com/gpu, HIP_VISIBLE_DEVICES=0, HIP_VISIBLE_DEVICES",
    "huawei.com/Ascend910, ASCEND_RT_VISIBLE_DEVICES=0, ASCEND_RT_VISIBLE_DEVICES",
    "habana.ai/gaudi, '', HABANA_VISIBLE_MODULES",
    "gpu.intel.com/i915, ZE_AFFINITY_MASK=0, ZE_AFFINITY_MASK",
  })
  void deviceVariablesAreThoseOfTheVendorAndNobodysWithoutARequest(
      String resource, String requested, String processVariable) {
    ResolvedJob job =
        resolved(
            MANIFEST.replace(
                "placement:", "accelerator: {resourceName: " + resource + "}\n  placement:"));
    ConfigMap plan = plan(job, "");
    String without =
        Stream.of(
                "ASCEND_VISIBLE_DEVICES=void",
                "HABANA_VISIBLE_DEVICES=void",
                "NVIDIA_VISIBLE_DEVICES=void",
                processVariable + "=")
            .sorted()
            .collect(Collectors.joining(" "));
    assertThat(devices(FACTORY.job(job.job(), plan, Stage.Prefetch, 1))).isEqualTo(without);
    assertThat(devices(FACTORY.job(job.job(), plan, Stage.Infer, 1))).isEqualTo(requested);
    assertThat(devices(FACTORY.job(job.job(), plan, Stage.Score, 1))).isEqualTo(without);
  }

  private static String devices(Job job) {
    return job.getSpec().getTemplate().getSpec().getContainers().get(0).getEnv().stream()
        .filter(variable -> variable.getName().matches("(CUDA|NVIDIA|HIP|ASCEND|HABANA|ZE)_.*"))
        .map(variable -> variable.getName() + "=" + variable.getValue())
        .sorted()
        .collect(Collectors.joining(" "));
  }

  @Test
  void aPlanOfAnotherVersionIsRefused() {
    ConfigMap plan = plan(resolved(MANIFEST), "");
    ConfigMap newer =
        new ConfigMapBuilder(plan)
            .addToData(
                "plan.json",
                plan.getData()
                    .get("plan.json")
                    .replace("\"schemaVersion\" : \"1\"", "\"schemaVersion\" : \"2\""))
            .build();
    assertThatThrownBy(() -> PlanConfigMap.plan(newer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("schemaVersion 2");
    ConfigMap broken = new ConfigMapBuilder(plan).addToData("plan.json", "{").build();
    assertThatThrownBy(() -> PlanConfigMap.plan(broken))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(plan.getMetadata().getName());
  }

  @Test
  void resultsStayBelowTheLimitOfAConfigMap() {
    ResolvedJob job = resolved(MANIFEST);
    String message = "\u00e9".repeat(2048);
    List<ResultRow> rows =
        IntStream.range(0, 512)
            .mapToObj(
                i ->
                    new ResultRow(
                        "base", "dataset-" + i, "Failed", "Overall", "", null, 1L, 1L, message))
            .toList();
    ConfigMap results = FACTORY.results(job.job(), new Run("1", 1, "h"), "base", rows);
    String content = results.getData().get("results.json");
    assertThat(content.getBytes(StandardCharsets.UTF_8).length).isLessThan(1024 * 1024);
    assertThat(content).contains("dataset-511").doesNotContain(message);
    assertThat(results.getImmutable()).isTrue();
  }

  @Test
  void theRunHashFollowsWhatDefinesARun() {
    String hash = hash(MANIFEST);
    assertThat(hash).matches("[0-9a-f]{32}");
    assertThat(hash(MANIFEST.replace("eval:1", "eval:2"))).isNotEqualTo(hash);
    assertThat(hash(MANIFEST.replace("shapes", "colours"))).isNotEqualTo(hash);
    assertThat(hash(MANIFEST.replace("spec:\n  runtimeRef", "spec:\n  runID: '2'\n  runtimeRef")))
        .isNotEqualTo(hash);
    assertThat(hash(MANIFEST.replace("placement: {nodeSelector: {}}", "retryLimit: 9")))
        .as("operational fields do not define a run")
        .isEqualTo(hash);
  }

  private static String hash(String manifest) {
    Manifests manifests = Manifests.of(manifest);
    return RunHash.of(manifests.job(), manifests.runtime());
  }
}
