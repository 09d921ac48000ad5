package io.evaljob.operator.testbed;

import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;

/** What every volume has in common that a provisioner makes for one claim. */
public final class ClaimVolume {

  private ClaimVolume() {}

  /** Name of the volume of a claim. */
  public static String name(PersistentVolumeClaim claim) {
    return "pvc-" + claim.getMetadata().getUid();
  }

  /**
   * A volume for a claim and no other, of its class, size and access modes; where its data are and
   * what becomes of them is the caller's to add.
   */
  public static PersistentVolumeBuilder of(PersistentVolumeClaim claim) {
    return new PersistentVolumeBuilder()
        .withNewMetadata()
        .withName(name(claim))
        .endMetadata()
        .withNewSpec()
        .withStorageClassName(claim.getSpec().getStorageClassName())
        .withAccessModes(claim.getSpec().getAccessModes())
        .withCapacity(claim.getSpec().getResources().getRequests())
        .withNewClaimRef()
        .withApiVersion("v1")
        .withKind("PersistentVolumeClaim")
        .withNamespace(claim.getMetadata().getNamespace())
        .withName(claim.getMetadata().getName())
        .withUid(claim.getMetadata().getUid())
        .endClaimRef()
        .endSpec();
  }
}
