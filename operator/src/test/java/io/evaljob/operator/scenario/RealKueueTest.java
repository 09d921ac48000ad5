package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.observe.Workload;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import org.junit.jupiter.api.Test;

/** Queues on a real control plane, whose Job controller takes pods away and makes them again. */
@RealCluster(ours = true)
class RealKueueTest extends KueueScenarios {

  private final ControlPlane plane;
  private RealServerCluster cluster;

  RealKueueTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    cluster = new RealServerCluster(plane);
    return cluster;
  }

  @Test
  void theWordsOfOlderReleasesAreReadToo() {
    givenRuntime();
    givenKueue(Workload.V1Beta1.class, 0);
    cluster.serveOnlyOldWorkloads();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(queued("older"));

    awaitWait("older", "Kueue", "no quota (Pending: couldn't assign flavors");

    kueue().setQuota(2);
    awaitPhase("older", "Succeeded");
  }

  @Test
  void kueueMayComeLaterAndGoAgain() {
    cluster.withdrawWorkloads();
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    apply(queued("first"));

    EvalJob waiting = awaitWait("first", "KueueNotFound", "install Kueue");
    assertThat(waiting.getStatus().waiting().message())
        .contains("spec.queueName: " + QUEUE, "or remove spec.queueName");

    givenKueue(Workload.V1Beta2.class, 2);
    awaitPhase("first", "Succeeded");

    kueue().close();
    cluster.withdrawWorkloads();
    apply(queued("second"));
    awaitWait("second", "KueueNotFound", "install Kueue");
    assertThat(isReady()).as("Kueue's end is not the operator's").isTrue();
    edit("second", "queueName", null);
    awaitPhase("second", "Succeeded");
  }
}
