package io.evaljob.operator.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.operator.resources.Labels;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

@RealCluster
class RealLifeTest extends LifeScenarios {

  private final ControlPlane plane;

  RealLifeTest(ControlPlane plane) {
    this.plane = plane;
  }

  @Override
  TestCluster newCluster() {
    return new RealServerCluster(plane);
  }

  /** Deletion is one step for whoever deletes: the garbage collector leaves what has no owner. */
  @Test
  void aWorkspaceThatIsToStayOutlivesItsJobAndNothingElseDoes() {
    givenRuntime();
    whenJobs(
        (model, stage, attempt) -> stage == Stage.Infer ? new Ending.RunsOn() : succeeds(model));
    startOperator();
    apply(
        Samples.edited(
            job("kept", "base"),
            "storage",
            Map.of("workspace", Map.of("claimTemplate", Map.of(), "retention", "Retain"))));
    EvalJob job = awaitJob("kept", LifeScenarios::holdsItsDevices);
    String uid = job.getMetadata().getUid();

    cluster().client().resource(job).delete();

    await()
        .untilAsserted(
            () -> {
              assertThat(jobs(job)).isEmpty();
              assertThat(podsThatLive(job)).isEmpty();
              assertThat(
                      cluster()
                          .client()
                          .configMaps()
                          .inNamespace(namespace())
                          .withLabel(Labels.JOB_UID, uid)
                          .list()
                          .getItems())
                  .isEmpty();
            });
    List<PersistentVolumeClaim> left =
        cluster()
            .client()
            .persistentVolumeClaims()
            .inNamespace(namespace())
            .withLabel(Labels.JOB, "kept")
            .list()
            .getItems();
    assertThat(left)
        .singleElement()
        .satisfies(claim -> assertThat(claim.getMetadata().getDeletionTimestamp()).isNull());
    cluster().client().resource(left.get(0)).delete();
  }
}
