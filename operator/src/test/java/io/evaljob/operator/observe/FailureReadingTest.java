package io.evaljob.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureReadingTest {

  @ParameterizedTest(name = "{0}/{1}/exit {2}: {3}")
  @CsvSource({
    "PreemptionByScheduler,,137,Evicted,true",
    "EvictionByEvictionAPI,,137,Evicted,true",
    "TerminationByKubelet,,137,Evicted,true",
    "DeletionByPodGC,,0,NodeLost,true",
    "DeletionByTaintManager,,137,NodeLost,true",
    ",Evicted,137,Evicted,true",
    ",NodeLost,0,NodeLost,true",
    ",Shutdown,137,NodeLost,true",
    ",UnexpectedAdmissionError,0,Evicted,true",
    ",OutOfnvidia.com/gpu,0,Evicted,true",
    ",DeadlineExceeded,137,DeadlineExceeded,false",
    ",,143,Terminated,true",
    ",,3,Unknown,false",
  })
  void tellsDisruptionsFromFailures(
      String disruption, String podReason, int exit, FailureCause cause, boolean outside) {
    PodBuilder pod = pod(exit, null);
    if (podReason != null) {
      pod.editStatus().withReason(podReason).endStatus();
    }
    if (disruption != null) {
      pod.editStatus()
          .addNewCondition()
          .withType("DisruptionTarget")
          .withStatus("True")
          .withReason(disruption)
          .endCondition()
          .endStatus();
    }

    AttemptObservation.Failed failed = read(pod.build());

    assertThat(failed.cause()).isEqualTo(cause);
    assertThat(failed.disruption()).isEqualTo(outside);
    assertThat(failed.refusedByNode())
        .isEqualTo(podReason != null && podReason.matches("Unexpected.*|OutOf.*"));
  }

  @Test
  void whatTheRunnerWroteComesFirst() {
    Pod pod =
        pod(
                1,
                "{\"outcome\":\"Failed\",\"cause\":\"OutOfMemory\",\"message\":\"device 0 is full\"}")
            .build();

    assertThat(read(pod))
        .isEqualTo(
            new AttemptObservation.Failed(
                FailureCause.OutOfMemory, "device 0 is full", false, false));
  }

  @Test
  void aKilledContainerRanOutOfItsMemory() {
    Pod pod = pod(137, null).build();
    pod.getStatus().getContainerStatuses().get(0).getState().getTerminated().setReason("OOMKilled");

    assertThat(read(pod).cause()).isEqualTo(FailureCause.HostOutOfMemory);
  }

  @ParameterizedTest(name = "{0}, being deleted: {1}, disrupted: {2}")
  @CsvSource({
    "Failed,false,false,true",
    "Failed,true,true,true",
    "Running,true,true,true",
    // The Job was suspended, say, and will make another pod.
    "Failed,true,false,false",
    "Running,true,false,false",
    // A disruption that has not come yet may be called off.
    "Running,false,true,false",
    "Succeeded,true,true,false",
  })
  void aPodIsLostBeforeItsJobSaysSo(
      String phase, boolean leaving, boolean disrupted, boolean lost) {
    PodBuilder pod = pod(143, null).editOrNewMetadata().endMetadata();
    pod.editStatus().withPhase(phase).endStatus();
    if (leaving) {
      pod.editMetadata().withDeletionTimestamp("2020-01-01T00:00:00Z").endMetadata();
    }
    if (disrupted) {
      pod.editStatus()
          .addNewCondition()
          .withType("DisruptionTarget")
          .withStatus("True")
          .endCondition()
          .endStatus();
    }

    assertThat(PodReading.isLost(pod.build())).isEqualTo(lost);
  }

  @Test
  void aPodThatIsGoneTellsNothing() {
    AttemptObservation.Failed failed =
        FailureReading.of(failedJob(), Optional.empty(), Optional.empty());

    assertThat(failed.cause()).isEqualTo(FailureCause.Unknown);
    assertThat(failed.disruption()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "not json",
    "[]",
    "{\"outcome\":\"Perhaps\"}",
    "{}",
    "''",
  })
  void aForeignTerminationMessageIsNone(String text) {
    assertThat(TerminationMessage.parse(text)).isEmpty();
  }

  @Test
  void countsOfATerminationMessageAreBounded() {
    TerminationMessage message =
        TerminationMessage.parse(
                "{\"outcome\":\"Failed\",\"cause\":\"Newer\",\"datasetsDone\":-4,\"samplesDone\":99999999999}")
            .orElseThrow();

    assertThat(message.cause()).isEqualTo(FailureCause.Unknown);
    assertThat(message.datasetsDone()).isZero();
    assertThat(message.samplesDone()).isEqualTo(Integer.MAX_VALUE);
  }

  private static AttemptObservation.Failed read(Pod pod) {
    return FailureReading.of(failedJob(), Optional.of(pod), PodReading.termination(pod));
  }

  private static Job failedJob() {
    return new JobBuilder()
        .withNewStatus()
        .addNewCondition()
        .withType("Failed")
        .withStatus("True")
        .withReason("BackoffLimitExceeded")
        .endCondition()
        .endStatus()
        .build();
  }

  private static PodBuilder pod(int exit, String message) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("p")
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("evaluator")
        .endContainer()
        .endSpec()
        .withNewStatus()
        .withPhase("Failed")
        .addNewContainerStatus()
        .withName("evaluator")
        .withNewState()
        .withNewTerminated()
        .withExitCode(exit)
        .withMessage(message)
        .endTerminated()
        .endState()
        .endContainerStatus()
        .endStatus();
  }
}
