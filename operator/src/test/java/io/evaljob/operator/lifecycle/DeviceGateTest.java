package io.evaljob.operator.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Phase;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.AttemptObservation;
import io.evaljob.operator.observe.ModelObservation;
import io.evaljob.operator.quota.AttemptKey;
import io.evaljob.operator.quota.Limits;
import io.evaljob.operator.quota.QuotaView;
import io.evaljob.operator.status.Conditions;
import io.evaljob.operator.status.ModelDraft;
import io.evaljob.operator.validate.Validation;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceGateTest {
  private static final String GPU = "nvidia.com/gpu";
  private static final Instant NOW = Instant.parse("2026-11-23T15:00:00Z");

  @ParameterizedTest
  @CsvSource({
    // resource of the quota, devices a process, stage, attempt that is charged, opens
    "nvidia.com/gpu, 4, Infer, 0, false",
    "nvidia.com/gpu, 4, Infer, 1, false",
    "nvidia.com/gpu, 4, Infer, 2, true",
    "nvidia.com/gpu, 4, Prefetch, 0, true",
    "nvidia.com/gpu, 4, Score, 0, true",
    "nvidia.com/gpu, 0, Infer, 0, true",
    "amd.com/gpu, 4, Infer, 0, true",
    "'', 4, Infer, 0, true",
  })
  void onlyAnAttemptWhoseDevicesAreLimitedAndNotChargedWaits(
      String resource, int devices, Stage stage, int charged, boolean opens) {
    Pass pass = pass(job(devices, stage, "Running", ""), quota(resource, charged));
    ModelDraft model = pass.models().get(0);

    assertThat(new DeviceGate(pass).opens(model)).isEqualTo(opens);
    assertThat(model.phase()).isEqualTo(opens ? Phase.Running : Phase.Queued);
    assertThat(model.queuedTime().isPresent()).isEqualTo(!opens);
    assertThat(pass.waits().values())
        .allMatch(wait -> wait.reason() == WaitingReason.EvalQuota)
        .hasSize(opens ? 0 : 1);
  }

  @ParameterizedTest
  @CsvSource({
    "'', 2026-11-23T15:00:00Z",
    "2026-11-23T14:00:00Z, 2026-11-23T14:00:00Z",
    // The clock was set back since.
    "2026-11-23T16:00:00Z, 2026-11-23T15:00:00Z",
  })
  void aPlaceInTheQueueIsAsOldAsItWas(String before, String after) {
    Pass pass = pass(job(4, Stage.Infer, "Queued", before), quota(GPU, 0));
    ModelDraft model = pass.models().get(0);

    new DeviceGate(pass).opens(model);

    assertThat(model.queuedTime()).hasValue(Instant.parse(after));
  }

  @ParameterizedTest
  @CsvSource({
    // resource, charged attempt, stage, phase, condition before, condition now
    "'', 0, Prefetch, Prefetching, '', True/NotLimited",
    "amd.com/gpu, 0, Infer, Running, '', True/NotLimited",
    "nvidia.com/gpu, 0, Prefetch, Prefetching, '', ''",
    "nvidia.com/gpu, 0, Infer, Queued, '', False/Queued",
    "nvidia.com/gpu, 2, Infer, Running, False/Queued, True/Reserved",
    "nvidia.com/gpu, 2, Score, Scoring, True/Reserved, False/Released",
    "nvidia.com/gpu, 0, Score, Scoring, True/Reserved, False/Released",
    "nvidia.com/gpu, 0, Score, Succeeded, False/Released, False/Released",
    "nvidia.com/gpu, 1, Infer, Queued, True/Reserved, False/Queued",
  })
  void theConditionSaysWhatIsCharged(
      String resource, int charged, Stage stage, String phase, String before, String now) {
    EvalJob job = job(4, stage, phase, "");
    if (!before.isEmpty()) {
      job = withCondition(job, before);
    }
    Pass pass = pass(job, quota(resource, charged));

    assertThat(new DeviceGate(pass).condition().map(DeviceGateTest::text).orElse(""))
        .isEqualTo(now);
  }

  @ParameterizedTest
  @CsvSource({
    // condition before, whether the Infer stage runs, condition now, what its message says
    "True/Reserved, true, True/Reserved, stays charged to its EvalQuota until it ends",
    "True/Reserved, false, True/NotLimited, Kueue's queue team admits this run",
    "False/Queued, true, True/NotLimited, Kueue's queue team admits this run",
    "'', false, True/NotLimited, Kueue's queue team admits this run",
  })
  void whatWasStartedBeforeTheMoveToKueueStaysCharged(
      String before, boolean runs, String now, String told) {
    EvalJob job = job(4, Stage.Infer, "Running", "");
    if (!before.isEmpty()) {
      job = withCondition(job, before);
    }
    job = inKueue(job);
    AttemptObservation attempt =
        PlayedRun.of()
            .attempt(
                Stage.Infer,
                2,
                runs ? new AttemptObservation.Running() : new AttemptObservation.Succeeded());
    Pass pass =
        pass(
            job,
            Optional.empty(),
            Map.of("base", new ModelObservation(List.of(attempt), List.of())));

    Conditions.Now condition = new DeviceGate(pass).condition().orElseThrow();

    assertThat(text(condition)).isEqualTo(now);
    assertThat(condition.message()).contains(told);
  }

  private static EvalJob inKueue(EvalJob job) {
    return Serialization.unmarshal(
        Serialization.asJson(job).replace("\"spec\":{", "\"spec\":{\"queueName\":\"team\","),
        EvalJob.class);
  }

  @Test
  void whoeverCannotStartKeepsNobodyWaiting() {
    Pass pass = pass(job(4, Stage.Infer, "Queued", "2026-11-23T14:00:00Z"), quota(GPU, 0));
    ModelDraft model = pass.models().get(0);

    new DeviceGate(pass).leave(model);

    assertThat(model.queuedTime()).isEmpty();
    assertThat(model.phase()).isEqualTo(Phase.Pending);
  }

  private static String text(Conditions.Now now) {
    return (now.holds() ? "True/" : "False/") + now.reason();
  }

  private static Optional<QuotaView> quota(String resource, int charged) {
    Set<AttemptKey> reserved =
        charged == 0 ? Set.of() : Set.of(new AttemptKey("uid", 1, "base", charged));
    return resource.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new QuotaView(
                "vlm-gpus",
                new Limits(Map.of(resource, 16), Map.of(), Duration.ofMinutes(10)),
                Map.of(),
                Map.of(),
                reserved,
                Map.of()));
  }

  private static Pass pass(EvalJob job, Optional<QuotaView> quota) {
    return pass(job, quota, Map.of());
  }

  private static Pass pass(
      EvalJob job, Optional<QuotaView> quota, Map<String, ModelObservation> observations) {
    return new Pass(
        new LifecycleInput(
            job,
            new Validation.Missing(WaitingReason.RuntimeNotFound, "not looked at"),
            Optional.empty(),
            observations,
            List.of(),
            Set.of(),
            Set.of(),
            Map.of(),
            NOW,
            LifecycleSettings.DEFAULT,
            quota));
  }

  /** A job whose one model is at attempt 2 of a stage, with two processes. */
  private static EvalJob job(int devices, Stage stage, String phase, String queuedTime) {
    return Serialization.unmarshal(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalJob
        metadata: {name: job, namespace: vlm, uid: uid}
        spec:
          runtimeRef: {name: runtime}
          models: [{name: base}]
          datasets: [{name: one}]
        status:
          run: {id: "1", number: 1}
          models:
          - {name: base, phase: PHASE, stage: STAGE, attempt: 2, processes: 2, devicesPerProcess: DEVICES QUEUED}
        """
            .replace("PHASE", phase)
            .replace("STAGE", stage.name())
            .replace("DEVICES", Integer.toString(devices))
            .replace(" QUEUED", queuedTime.isEmpty() ? "" : ", queuedTime: \"" + queuedTime + "\""),
        EvalJob.class);
  }

  private static EvalJob withCondition(EvalJob job, String condition) {
    String[] parts = condition.split("/", 2);
    return Serialization.unmarshal(
        Serialization.asJson(job)
            .replace(
                "\"status\":{",
                "\"status\":{\"conditions\":[{\"type\":\"QuotaReserved\",\"status\":\""
                    + parts[0]
                    + "\",\"reason\":\""
                    + parts[1]
                    + "\",\"message\":\"\",\"lastTransitionTime\":\"2026-11-23T14:00:00Z\"}],"),
        EvalJob.class);
  }
}
