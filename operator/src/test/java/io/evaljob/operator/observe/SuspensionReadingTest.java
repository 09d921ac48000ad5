package io.evaljob.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.evaljob.api.v1alpha1.WaitingReason;
import io.evaljob.operator.observe.KueueView.Availability;
import io.evaljob.operator.resources.Labels;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SuspensionReadingTest {

  private static final Pattern CONDITION = Pattern.compile("(\\w+)=(\\w+)/(\\w+)(?:: ([^|]*))?");

  private static final Job JOB =
      new JobBuilder()
          .withNewMetadata()
          .withName("infer")
          .withUid("job-1")
          .addToLabels(Labels.QUEUE, "team")
          .endMetadata()
          .withNewSpec()
          .withSuspend(true)
          .endSpec()
          .build();

  /** Conditions as {@code Type=Status/Reason: message}, and what is made of them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "; queued, it starts when quota becomes free.",
        "QuotaReserved=False/WaitingForQuota: 4 more needed"
            + "; no quota (WaitingForQuota: 4 more needed), it starts when quota becomes free.",
        "QuotaReserved=False/Pending: 4 more needed"
            + "; no quota (Pending: 4 more needed), it starts when quota becomes free.",
        "QuotaReserved=False/PendingEvaluation"
            + "; no quota (PendingEvaluation), it starts when quota becomes free.",
        "QuotaReserved=False/ExceedsMaxQuota: more than 8"
            + "; no quota (ExceedsMaxQuota: more than 8), the queue can never give as much: ask for"
            + " less, or have its quota raised.",
        "QuotaReserved=False/NoMatchingFlavor: none"
            + "; no quota (NoMatchingFlavor: none), no flavor of the queue fits its placement:"
            + " change spec.placement, or the flavors.",
        "QuotaReserved=False/Inadmissible: LocalQueue team doesn't exist"
            + "; no quota (Inadmissible: LocalQueue team doesn't exist), correct spec.queueName, or"
            + " have the queue it names made or mended.",
        "QuotaReserved=False/Misconfigured: LocalQueue team doesn't exist"
            + "; no quota (Misconfigured: LocalQueue team doesn't exist), correct spec.queueName,"
            + " or have the queue it names made or mended.",
        "QuotaReserved=False/Suspended: stopped"
            + "; no quota (Suspended: stopped), the queue is stopped: it starts when its stopPolicy"
            + " is lifted.",
        "QuotaReserved=True/QuotaReserved|Admitted=False/UnsatisfiedAdmissionChecks: prov"
            + "; quota is reserved, and admission checks are left (UnsatisfiedAdmissionChecks:"
            + " prov), it starts when they are ready.",
        "QuotaReserved=False/Pending: preempted|Evicted=True/Preempted: by other"
            + "; evicted (Preempted), work is kept and goes on when it is admitted again, no quota"
            + " (Pending: preempted), it starts when quota becomes free.",
        "QuotaReserved=False/WaitingForQuota|Evicted=False/QuotaReserved"
            + "; no quota (WaitingForQuota), it starts when quota becomes free.",
      })
  void theWordsOfKueueAreTold(String conditions, String told) {
    Wait wait = SuspensionReading.wait(JOB, seen(workload(true, conditions)));

    assertThat(wait.reason()).isEqualTo(WaitingReason.Kueue);
    assertThat(wait.message().replace("; ", ", ")).isEqualTo("Kueue's queue team: " + told);
  }

  private static final String MORE_THAN_ALL =
      "couldn't assign flavors to pod set main: insufficient quota for nvidia.com/gpu in flavor a,"
          + " previously considered podsets requests (0) + current podset request (8) > maximum"
          + " capacity (4)";

  private static final String OF_A_SECOND =
      ", insufficient quota for nvidia.com/gpu in flavor b, previously considered podsets requests"
          + " (0) + current podset request (8) > maximum capacity (6)";

  static Stream<Arguments> refusals() {
    return Stream.of(
        arguments("ExceedsMaxQuota", MORE_THAN_ALL, 4, "the queue can never give as much"),
        arguments("Pending", MORE_THAN_ALL, 4, "the queue can never give as much"),
        arguments("Pending", MORE_THAN_ALL + OF_A_SECOND, 6, "the queue can never give as much"),
        // Earlier releases.
        arguments(
            "Pending",
            "couldn't assign flavors to pod set main: insufficient quota for nvidia.com/gpu in"
                + " flavor a, request > maximum capacity (8 > 4)",
            4,
            "the queue can never give as much"),
        // The second flavor can, when others have ended.
        arguments(
            "Pending",
            MORE_THAN_ALL + ", insufficient unused quota for nvidia.com/gpu in flavor b, 2 more",
            -1,
            "it starts when quota becomes free"),
        arguments(
            "WaitingForQuota",
            "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu"
                + " in flavor a, 2 more needed",
            -1,
            "it starts when quota becomes free"),
        // Fewer devices would not help.
        arguments(
            "ExceedsMaxQuota",
            MORE_THAN_ALL.replace("nvidia.com/gpu", "cpu"),
            -1,
            "the queue can never give as much"),
        arguments("ExceedsMaxQuota", "too much", -1, "the queue can never give as much"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatTheQueueCanNeverGiveIsToldFromWhatOthersUse(
      String reason, String message, int most, String remedy) {
    KueueView kueue = seen(refused(reason, message));

    assertThat(SuspensionReading.place(JOB, kueue).orElseThrow().most())
        .isEqualTo(most < 0 ? OptionalInt.empty() : OptionalInt.of(most));
    assertThat(SuspensionReading.wait(JOB, kueue).message()).contains(remedy);
  }

  private static Workload refused(String reason, String message) {
    Workload workload = workload(true, null);
    workload.setStatus(
        new Workload.Status(
            List.of(
                new ConditionBuilder()
                    .withType("QuotaReserved")
                    .withStatus("False")
                    .withReason(reason)
                    .withMessage(message)
                    .build()),
            null));
    return workload;
  }

  @Test
  void whatIsAdmittedStarts() {
    Wait wait =
        SuspensionReading.wait(
            JOB, seen(workload(true, "QuotaReserved=True/QuotaReserved|Admitted=True/Admitted")));

    assertThat(wait.reason()).isEqualTo(WaitingReason.Starting);
  }

  @Test
  void whatIsDeactivatedIsNotInTheQueue() {
    Wait wait =
        SuspensionReading.wait(JOB, seen(workload(false, "Evicted=True/Deactivated: by hand")));

    assertThat(wait.message())
        .startsWith("Kueue's queue team: evicted (Deactivated)")
        .endsWith(
            "Workload job-infer is deactivated; set its spec.active to true to queue it again.");
  }

  @Test
  void aJobWithoutAWorkloadMayBeOneThatKueueDoesNotManage() {
    assertThat(SuspensionReading.wait(JOB, seen(null)).message())
        .contains("no Workload was made of the Job yet", "manages batch/job");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "ABSENT; install Kueue, or remove spec.queueName.",
        "FORBIDDEN; apply the roles of this version of the operator.",
      })
  void aKueueThatCannotBeReadIsToldWithItsRemedy(Availability availability, String remedy) {
    Wait wait = SuspensionReading.wait(JOB, new KueueView(availability, Map.of()));

    assertThat(wait.reason()).isEqualTo(WaitingReason.KueueNotFound);
    assertThat(wait.message()).contains("team").endsWith(remedy);
  }

  @Test
  void aJobWithoutAQueueWasSuspendedBySomebodyElse() {
    Job job = new JobBuilder(JOB).editMetadata().withLabels(Map.of()).endMetadata().build();

    Wait wait = SuspensionReading.wait(job, KueueView.NOT_ASKED);

    assertThat(wait.reason()).isEqualTo(WaitingReason.JobSuspended);
    assertThat(wait.message()).contains("Job infer has no queue", "LocalQueue named default");
  }

  private static KueueView seen(Workload workload) {
    return new KueueView(
        Availability.READ, workload == null ? Map.of() : Map.of("job-1", workload));
  }

  private static Workload workload(boolean active, String conditions) {
    Workload workload = new Workload.V1Beta2();
    workload.setMetadata(new ObjectMetaBuilder().withName("job-infer").build());
    workload.setSpec(new Workload.Spec(active));
    if (conditions != null) {
      List<Condition> all =
          CONDITION
              .matcher(conditions)
              .results()
              .map(
                  parts ->
                      new ConditionBuilder()
                          .withType(parts.group(1))
                          .withStatus(parts.group(2))
                          .withReason(parts.group(3))
                          .withMessage(parts.group(4))
                          .build())
              .toList();
      workload.setStatus(new Workload.Status(all, null));
    }
    return workload;
  }
}
