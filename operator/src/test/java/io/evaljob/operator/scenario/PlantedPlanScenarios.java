package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalJobStatus;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelStatus;
import io.evaljob.operator.config.OperatorConfig;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.resources.ChildFactory;
import io.evaljob.operator.resources.PlanConfigMap;
import io.evaljob.operator.resources.ResourceSettings;
import io.evaljob.operator.resources.Run;
import io.evaljob.operator.resources.RunHash;
import io.evaljob.operator.resources.RunnerArchive;
import io.evaljob.operator.testbed.Edits;
import io.evaljob.operator.validate.Catalogue;
import io.evaljob.operator.validate.JobInputs;
import io.evaljob.operator.validate.LayeredProfiles;
import io.evaljob.operator.validate.Validation;
import io.evaljob.operator.validate.Validator;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Whoever may write ConfigMaps, and nothing else, gains no pod by it. */
abstract class PlantedPlanScenarios extends ScenarioBase {

  @Test
  void aPlanPlantedBeforeTheOperatorsIsNotUsed() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    EvalJob job = applied(job("early", "base"));
    ConfigMap planted = evil(planOf(job));
    apply(planted);
    RequestTap tap = startOperator();

    EvalJob waiting = awaitWaiting("early", "NameTaken");
    assertThat(waiting.getStatus().waiting().message())
        .contains(planted.getMetadata().getName(), "does not hold what the operator writes");
    assertThat(conditions(waiting.getStatus()))
        .containsEntry("Ready", "False/Waiting")
        .containsEntry("Reconciling", "True/Waiting");
    assertThat(waiting.getStatus().models().get(0).planDigest())
        .isNotEqualTo(PlanConfigMap.digest(planted));
    assertThat(tap.writes()).noneMatch(write -> write.endsWith("/jobs"));

    cluster().client().resource(planted).delete();
    EvalJob done = awaitPhase("early", "Succeeded");
    assertThat(commandsOf(done)).noneMatch(plan -> plan.contains("evil"));
  }

  @Test
  void aPlanPutInThePlaceOfOursIsNotUsed() {
    CountDownLatch firstModel = new CountDownLatch(1);
    ConfigMap planted = replacedBeforeItsJob("swapped", firstModel);

    firstModel.countDown();

    EvalJob waiting =
        awaitJob(
            "swapped",
            status ->
                "Succeeded".equals(status.models().get(0).phase())
                    && waitsFor(status, "NameTaken", planted.getMetadata().getName()));
    assertThat(jobsOf(waiting)).containsExactly("a/infer/1", "a/prefetch/1", "a/score/1");

    cluster().client().resource(planted).delete();
    EvalJob done = awaitPhase("swapped", "Succeeded");
    assertThat(commandsOf(done)).noneMatch(plan -> plan.contains("evil"));
  }

  @Test
  void aReplacedPlanThatCannotBeMadeAgainAsksForANewRun() {
    CountDownLatch firstModel = new CountDownLatch(1);
    replacedBeforeItsJob("moved", firstModel);
    Edits.untilWritten(
        () ->
            cluster()
                .client()
                .resources(EvalRuntime.class)
                .withName(runtimeName())
                .edit(Samples::withAnotherImage));

    firstModel.countDown();

    awaitJob(
        "moved",
        status ->
            "Succeeded".equals(status.models().get(0).phase())
                && waitsFor(status, "NameTaken", "set a new spec.runID"));
    assertThat(jobsOf(read("moved"))).noneMatch(child -> child.startsWith("b/"));
    edit("moved", "runID", "2");
    EvalJob done = awaitPhase("moved", "Succeeded");
    assertThat(done.getStatus().run().number()).isEqualTo(2);
  }

  private static boolean waitsFor(EvalJobStatus status, String reason, String message) {
    return status
        .waitingIfSet()
        .filter(why -> reason.equals(why.reason()) && why.message().contains(message))
        .isPresent();
  }

  /** A run whose second model has a plan and no Job yet when its plan is replaced. */
  private ConfigMap replacedBeforeItsJob(String name, CountDownLatch firstModel) {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) -> {
          firstModel.await();
          return succeeds(model);
        });
    startOperator();
    apply(Samples.oneAtATime(job(name, "a", "b")));
    EvalJob running =
        awaitJob(
            name,
            status ->
                "Prefetching".equals(status.phase())
                    && status.models().stream().allMatch(model -> model.planName() != null));
    ConfigMap plan = configMap(running.getStatus().models().get(1).planName());
    ConfigMap planted = evil(plan);
    plantOver(plan, planted);
    return planted;
  }

  /** The operator makes a plan again that is gone: the planter has to be faster, once. */
  private void plantOver(ConfigMap plan, ConfigMap planted) {
    await()
        .until(
            () -> {
              cluster().client().resource(plan).delete();
              try {
                apply(planted);
                return true;
              } catch (KubernetesClientException theOperatorWasFaster) {
                return false;
              }
            });
  }

  @Test
  void thePodIsToldWhichPlanItWasMadeFrom() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(job("told", "base"));
    EvalJob done = awaitPhase("told", "Succeeded");

    ModelStatus model = done.getStatus().models().get(0);
    assertThat(model.planDigest())
        .isEqualTo(PlanConfigMap.digest(configMap(model.planName())))
        .matches("sha256:[0-9a-f]{64}");
    assertThat(jobs(done))
        .hasSize(3)
        .allSatisfy(
            child ->
                assertThat(environment(child))
                    .containsEntry("EVALJOB_PLAN_DIGEST", model.planDigest()));
  }

  /** The same name and owner, immutable too, with a command of the planter's. */
  private static ConfigMap evil(ConfigMap plan) {
    return new ConfigMapBuilder(plan)
        .editMetadata()
        .withResourceVersion(null)
        .withUid(null)
        .endMetadata()
        .addToData(
            "plan.json", plan.getData().get("plan.json").replace("/opt/eval.py", "/tmp/evil.py"))
        .build();
  }

  /** What the operator will make, computed as anybody can. */
  private ConfigMap planOf(EvalJob job) {
    EvalRuntime runtime =
        cluster().client().resources(EvalRuntime.class).withName(runtimeName()).get();
    Validation validation =
        Validator.validate(
            new JobInputs(
                job,
                Optional.of(runtime),
                Map.of(),
                new LayeredProfiles(List.of(), "evaljob-system", new Catalogue()),
                (namespace, name) -> Optional.empty(),
                new DeviceContext.RequestedInPod(),
                OperatorConfig.defaults().namespace()));
    Validation.Valid valid = (Validation.Valid) validation;
    Run run = new Run(job.getSpec().runIDOrDefault(), 1, RunHash.of(job, runtime));
    return new ChildFactory(new ResourceSettings("", RunnerArchive.of(Map.of())))
        .plan(valid.job(), valid.job().models().get(0), run, "");
  }

  private ConfigMap configMap(String name) {
    return cluster().client().configMaps().inNamespace(namespace()).withName(name).get();
  }

  /** The plan of every Job, as its pod would mount it now. */
  private List<String> commandsOf(EvalJob job) {
    return job.getStatus().models().stream()
        .map(model -> configMap(model.planName()).getData().get("plan.json"))
        .toList();
  }

  private static Map<String, String> environment(Job job) {
    return job.getSpec().getTemplate().getSpec().getContainers().get(0).getEnv().stream()
        .filter(variable -> variable.getValue() != null)
        .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
  }
}
