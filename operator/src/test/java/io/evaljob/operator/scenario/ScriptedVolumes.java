package io.evaljob.operator.scenario;

import io.evaljob.operator.testbed.ClaimVolume;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A storage class whose volumes exist on paper only. As most do, it makes a volume when the
 * scheduler has chosen a node for the claim's first pod.
 */
final class ScriptedVolumes implements AutoCloseable {

  private static final String CHOSEN = "volume.kubernetes.io/selected-node";

  private final KubernetesClient client;
  private final String name;
  private final Set<String> made = ConcurrentHashMap.newKeySet();
  private SharedIndexInformer<PersistentVolumeClaim> claims;

  /** Volumes of the class {@code name}, which is the cluster's default. */
  ScriptedVolumes(KubernetesClient client, String name) {
    this.client = client;
    this.name = name;
  }

  void start() {
    client
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName(name)
                .addToAnnotations("storageclass.kubernetes.io/is-default-class", "true")
                .endMetadata()
                .withProvisioner("evaljob.io/" + name)
                .withReclaimPolicy("Retain")
                .withVolumeBindingMode("WaitForFirstConsumer")
                .build())
        .create();
    claims =
        client
            .persistentVolumeClaims()
            .inAnyNamespace()
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(PersistentVolumeClaim claim) {
                    make(claim);
                  }

                  @Override
                  public void onUpdate(PersistentVolumeClaim before, PersistentVolumeClaim now) {
                    make(now);
                  }

                  @Override
                  public void onDelete(PersistentVolumeClaim claim, boolean unknown) {
                    if (made.contains(claim.getMetadata().getUid())) {
                      client.persistentVolumes().withName(ClaimVolume.name(claim)).delete();
                    }
                  }
                });
  }

  private void make(PersistentVolumeClaim claim) {
    boolean ours =
        name.equals(claim.getSpec().getStorageClassName())
            && claim.getMetadata().getAnnotations() != null
            && claim.getMetadata().getAnnotations().containsKey(CHOSEN);
    if (!ours || !made.add(claim.getMetadata().getUid())) {
      return;
    }
    try {
      client.resource(volumeOf(claim)).create();
    } catch (KubernetesClientException e) {
      made.remove(claim.getMetadata().getUid());
    }
  }

  /** A volume for a claim and no other. */
  static PersistentVolume volumeOf(PersistentVolumeClaim claim) {
    return ClaimVolume.of(claim)
        .editSpec()
        .withPersistentVolumeReclaimPolicy("Retain")
        .withNewHostPath()
        .withPath("/nowhere")
        .endHostPath()
        .endSpec()
        .build();
  }

  @Override
  public void close() {
    if (claims != null) {
      claims.close();
      client.storage().v1().storageClasses().withName(name).delete();
      client.persistentVolumes().list().getItems().stream()
          .filter(volume -> name.equals(volume.getSpec().getStorageClassName()))
          .forEach(volume -> client.resource(volume).delete());
    }
  }
}
