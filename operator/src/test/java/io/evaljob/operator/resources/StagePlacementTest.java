package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.validate.Manifests;
import io.evaljob.operator.validate.ResolvedJob;
import io.evaljob.operator.validate.Validation;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the pods of a stage may run, how urgent they are, and what they get. */
class StagePlacementTest {

  private static final ChildFactory FACTORY =
      new ChildFactory(
          new ResourceSettings(
              "https://operator:8443",
              RunnerArchive.of(Map.of("__main__.py", "pass\n".getBytes(StandardCharsets.UTF_8)))));

  private static final String MANIFEST =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: program}
      spec:
        harness: Command
        command: {args: [python3, /opt/eval.py]}
        image: registry.example/eval:1
        pod:
          nodeSelector: {pool: gpu}
          tolerations: [{key: gpu, operator: Exists}]
        resources:
          infer: {cpu: "8", memory: 64Gi}
          score: {cpu: "2", memory: 4Gi}
        allow:
          namespaceSelector: {}
          nodeSelectorKeys: [pool, rack]
          tolerationKeys: [team]
          priorityClassNames: ["eval-*"]
      ---
      apiVersion: evaljob.io/v1alpha1
      kind: EvalJob
      metadata: {name: job, namespace: vlm}
      spec:
        runtimeRef: {name: program}
        models: [{name: base}]
        datasets: [{name: shapes}]
        WISH
      """;

  @ParameterizedTest
  @CsvSource({
    // resource, least memory, stage, label, greater than so many MiB
    "nvidia.com/gpu, 79Gi, Infer, nvidia.com/gpu.memory, 80895",
    "nvidia.com/gpu, 1, Infer, nvidia.com/gpu.memory, 0",
    "nvidia.com/mig-3g.40gb, 39Gi, Infer, nvidia.com/mig-3g.40gb.memory, 39935",
    // Without a cache it fetches into the workspace, whose volume is bound where it runs.
    "nvidia.com/gpu, 79Gi, Prefetch, nvidia.com/gpu.memory, 80895",
    "nvidia.com/gpu, 79Gi, Score, '', ''",
    // Their nodes have no label that can be compared.
    "amd.com/gpu, 79Gi, Infer, '', ''",
  })
  void nodesWithTooLittleDeviceMemoryAreLeftOut(
      String resource, String least, Stage stage, String label, String moreThan) {
    PodSpec pod =
        pod("accelerator: {resourceName: " + resource + ", minMemory: " + least + "}", stage);

    Optional<NodeSelectorRequirement> only =
        Optional.ofNullable(pod.getAffinity())
            .map(
                affinity ->
                    affinity
                        .getNodeAffinity()
                        .getRequiredDuringSchedulingIgnoredDuringExecution()
                        .getNodeSelectorTerms()
                        .get(0)
                        .getMatchExpressions()
                        .get(0));

    assertThat(only.map(NodeSelectorRequirement::getKey).orElse("")).isEqualTo(label);
    assertThat(only.map(found -> found.getValues().get(0)).orElse("")).isEqualTo(moreThan);
    assertThat(only.map(NodeSelectorRequirement::getOperator).orElse("Gt")).isEqualTo("Gt");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "retryLimit: 1; {pool=gpu}; gpu",
        "placement: {nodeSelector: {rack: a}}; {pool=gpu, rack=a}; gpu",
        // The administrator's label wins.
        "placement: {nodeSelector: {pool: mine}}; {pool=gpu}; gpu",
        "placement: {tolerations: [{key: team, operator: Exists}]}; {pool=gpu}; gpu team",
      })
  void anAuthorAddsToThePlacementOfTheRuntime(String wish, String selector, String tolerated) {
    for (Stage stage : new Stage[] {Stage.Prefetch, Stage.Infer, Stage.Score}) {
      PodSpec pod = pod(wish, stage);

      assertThat(pod.getNodeSelector()).hasToString(selector);
      assertThat(pod.getTolerations())
          .extracting(Toleration::getKey)
          .containsExactly(tolerated.split(" ", -1));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        // wish; stage; cpu; memory; PriorityClass
        "retryLimit: 1; Infer; 8; 64Gi; ''",
        "retryLimit: 1; Score; 2; 4Gi; ''",
        "resources: {infer: {cpu: '16'}}; Infer; 16; 64Gi; ''",
        "resources: {infer: {cpu: '16'}}; Score; 2; 4Gi; ''",
        "resources: {score: {memory: 1Gi}}; Score; 2; 1Gi; ''",
        "priorityClassName: eval-low; Infer; 8; 64Gi; eval-low",
        "priorityClassName: eval-low; Score; 2; 4Gi; eval-low",
      })
  void aStageGetsWhatTheJobOrElseTheRuntimeNames(
      String wish, Stage stage, String cpu, String memory, String priority) {
    PodSpec pod = pod(wish, stage);

    Map<String, Quantity> requests = pod.getContainers().get(0).getResources().getRequests();
    assertThat(requests.get("cpu")).hasToString(cpu);
    assertThat(requests.get("memory")).hasToString(memory);
    assertThat(Optional.ofNullable(pod.getPriorityClassName()).orElse("")).isEqualTo(priority);
  }

  private static PodSpec pod(String wish, Stage stage) {
    Validation validation = Manifests.of(MANIFEST.replace("WISH", wish)).validate();
    assertThat(validation).as(wish).isInstanceOf(Validation.Valid.class);
    ResolvedJob job = ((Validation.Valid) validation).job();
    Run run = new Run("1", 1, RunHash.of(job.job(), job.runtime()));
    return FACTORY
        .job(job.job(), FACTORY.plan(job, job.models().get(0), run, ""), stage, 1)
        .getSpec()
        .getTemplate()
        .getSpec();
  }
}
