package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.resources.Names;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.Map;
import org.junit.jupiter.api.Test;

@RealCluster
class RealWaitingTest extends WaitingScenarios {

  private final ControlPlane plane;

  RealWaitingTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }

  @Test
  void aWorkspaceWithoutAVolumeIsWaitedForUntilItHasOne() {
    givenRuntime();
    whenJobs((model, stage, attempt) -> succeeds(model));
    startOperator();
    EvalJob job =
        applied(
            Samples.edited(
                job("unbound", "base"),
                "storage",
                Map.of(
                    "workspace",
                    Map.of("claimTemplate", Map.of("storageClassName", "nobody-serves-it")))));

    EvalJob waiting = awaitWaiting("unbound", "VolumeNotBound");

    assertThat(waiting.getStatus().waiting().message())
        .endsWith(
            "pod has unbound immediate PersistentVolumeClaims; check the claim and its storage"
                + " class.");

    PersistentVolumeClaim claim =
        cluster()
            .client()
            .persistentVolumeClaims()
            .inNamespace(namespace())
            .withName(Names.workspace("unbound", job.getMetadata().getUid(), "base", false))
            .get();
    apply(ScriptedVolumes.volumeOf(claim));

    awaitPhase("unbound", "Succeeded");
  }
}
