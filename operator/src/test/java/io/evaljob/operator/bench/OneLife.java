package io.evaljob.operator.bench;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.util.Map;

/** What one EvalJob asks of the API server, with a claim of its own. */
final class OneLife {

  private final BenchCluster cluster;
  private final String namespace;

  OneLife(BenchCluster cluster) {
    this.cluster = cluster;
    namespace = cluster.namespace("one");
  }

  /** One that brings what a namespace needs once. */
  EvalJob first() throws InterruptedException {
    return finish(Jobs.of(namespace, "floorrun", 0));
  }

  /** The requests of one that is not the first, by verb and resource. */
  Map<String, Long> requests() throws IOException, InterruptedException {
    volume();
    AuditLog log = new AuditLog(cluster.control().processes().auditLog());
    log.mark();
    finish(
        Serialization.unmarshal(
            Serialization.asJson(Jobs.of(namespace, "floorrun", 1))
                .replace(
                    "\"claimName\":\"workspace\"",
                    "\"claimTemplate\":{\"size\":\"1Ti\",\"storageClassName\":\"\"}"),
            EvalJob.class));
    Thread.sleep(2_000);
    return log.counted();
  }

  private void volume() {
    cluster
        .admin()
        .resource(
            new PersistentVolumeBuilder()
                .withNewMetadata()
                .withName("one-" + namespace)
                .endMetadata()
                .withNewSpec()
                .withAccessModes("ReadWriteOnce", "ReadWriteMany")
                .withStorageClassName("")
                .withCapacity(Map.of("storage", new Quantity("2Ti")))
                .withNewNfs()
                .withServer("192.0.2.1")
                .withPath("/")
                .endNfs()
                .endSpec()
                .build())
        .create();
  }

  private EvalJob finish(EvalJob job) throws InterruptedException {
    cluster.admin().resource(job).create();
    Wait.until(
        job.getMetadata().getName() + " ends",
        () -> Finished.test(cluster.admin().resource(job).get()));
    return cluster.admin().resource(job).get();
  }
}
