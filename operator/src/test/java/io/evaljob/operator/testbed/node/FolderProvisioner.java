package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.sandbox.kubelet.ClaimFolders;
import io.evaljob.operator.sandbox.kubelet.ConfigProblem;
import io.evaljob.operator.testbed.ClaimVolume;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Storage of one node: a dynamic provisioner whose volumes are folders. The scheduler chooses the
 * node of a claim by its first pod (WaitForFirstConsumer); the volume goes when its claim goes.
 *
 * <p>Where a base folder is given, a claim may stand for a folder below it that exists, by
 * annotation {@code evaljob.io/local-path}; such a folder is never deleted.
 */
final class FolderProvisioner implements ClaimFolders {

  /** The storage class, which is the cluster's default while there is such a node. */
  static final String CLASS = "evaljob-folders";

  private static final String PROVISIONER = "evaljob.io/folders";
  private static final String PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
  private static final String HOST_NAME = "kubernetes.io/hostname";

  private final KubernetesClient client;
  private final String node;
  private final Path volumes;
  private final Optional<Path> localPaths;
  private final BiConsumer<PersistentVolumeClaim, String> warn;
  private final Set<String> warned = ConcurrentHashMap.newKeySet();

  /**
   * Provisions for one node.
   *
   * @param volumes where new folders are made
   * @param warn told what keeps a claim from being provisioned
   */
  FolderProvisioner(
      KubernetesClient client,
      String node,
      Path volumes,
      Optional<Path> localPaths,
      BiConsumer<PersistentVolumeClaim, String> warn) {
    this.client = client;
    this.node = node;
    this.volumes = volumes;
    this.localPaths = localPaths;
    this.warn = warn;
  }

  void createClass() {
    client
        .resource(
            new StorageClassBuilder()
                .withNewMetadata()
                .withName(CLASS)
                .addToAnnotations("storageclass.kubernetes.io/is-default-class", "true")
                .endMetadata()
                .withProvisioner(PROVISIONER)
                .withVolumeBindingMode("WaitForFirstConsumer")
                .withReclaimPolicy("Delete")
                .build())
        .createOr(NonDeletingOperation::update);
  }

  /** Deletes what this node has brought into the cluster; the folders stay. */
  void deleteObjects() {
    client.storage().v1().storageClasses().withName(CLASS).delete();
    for (PersistentVolume volume : client.persistentVolumes().list().getItems()) {
      if (isOurs(volume)) {
        client.resource(volume).delete();
      }
    }
  }

  /** Makes the volume of a claim that waits for this node. */
  void provision(PersistentVolumeClaim claim) {
    Map<String, String> annotations = claim.getMetadata().getAnnotations();
    boolean asked =
        claim.getSpec().getVolumeName() == null
            && claim.getMetadata().getDeletionTimestamp() == null
            && PROVISIONER.equals(annotations.get("volume.kubernetes.io/storage-provisioner"))
            && node.equals(annotations.get("volume.kubernetes.io/selected-node"));
    if (!asked) {
      return;
    }
    Path folder;
    try {
      folder = newFolder(claim);
    } catch (ConfigProblem e) {
      if (warned.add(claim.getMetadata().getUid() + e.getMessage())) {
        warn.accept(claim, e.getMessage());
      }
      return;
    }
    try {
      client.resource(volume(claim, folder)).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != 409) {
        throw e;
      }
    }
  }

  private Path newFolder(PersistentVolumeClaim claim) throws ConfigProblem {
    if (!"Filesystem".equals(claim.getSpec().getVolumeMode())) {
      throw new ConfigProblem("this node's volumes are folders: set volumeMode: Filesystem");
    }
    String given = claim.getMetadata().getAnnotations().get(ClaimBinder.LOCAL_PATH);
    try {
      if (given == null || localPaths.isEmpty()) {
        return Files.createDirectories(volumes.resolve(claim.getMetadata().getUid()));
      }
      Path folder = localPaths.get().resolve(given).normalize();
      if (!folder.startsWith(localPaths.get()) || !Files.isDirectory(folder)) {
        throw new ConfigProblem(
            "annotation %s: %s is not a folder below the base of this node; correct it"
                .formatted(ClaimBinder.LOCAL_PATH, given));
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private PersistentVolume volume(PersistentVolumeClaim claim, Path folder) {
    return ClaimVolume.of(claim)
        .editMetadata()
        .addToAnnotations(PROVISIONED_BY, PROVISIONER)
        .endMetadata()
        .editSpec()
        .withPersistentVolumeReclaimPolicy("Delete")
        .withNewLocal()
        .withPath(folder.toString())
        .endLocal()
        .withNewNodeAffinity()
        .withNewRequired()
        .addNewNodeSelectorTerm()
        .addNewMatchExpression()
        .withKey(HOST_NAME)
        .withOperator("In")
        .withValues(node)
        .endMatchExpression()
        .endNodeSelectorTerm()
        .endRequired()
        .endNodeAffinity()
        .endSpec()
        .build();
  }

  /** Deletes a volume of this node whose claim is gone. */
  void reclaim(PersistentVolume volume) {
    boolean released =
        isOurs(volume)
            && volume.getStatus() != null
            && "Released".equals(volume.getStatus().getPhase())
            && "Delete".equals(volume.getSpec().getPersistentVolumeReclaimPolicy())
            && volume.getMetadata().getDeletionTimestamp() == null;
    if (!released) {
      return;
    }
    Path folder = Path.of(volume.getSpec().getLocal().getPath());
    try {
      if (folder.startsWith(volumes) && Files.exists(folder)) {
        ClaimBinder.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    client.resource(volume).delete();
  }

  private boolean isOurs(PersistentVolume volume) {
    return volume.getMetadata().getAnnotations() != null
        && PROVISIONER.equals(volume.getMetadata().getAnnotations().get(PROVISIONED_BY))
        && volume.getSpec().getNodeAffinity().getRequired().getNodeSelectorTerms().stream()
            .flatMap(term -> term.getMatchExpressions().stream())
            .anyMatch(
                expression ->
                    expression.getKey().equals(HOST_NAME) && expression.getValues().contains(node));
  }

  @Override
  public Path folder(PersistentVolumeClaim claim) throws ConfigProblem {
    String name = claim.getMetadata().getName();
    String volumeName = claim.getSpec().getVolumeName();
    PersistentVolume volume =
        volumeName == null ? null : client.persistentVolumes().withName(volumeName).get();
    if (volume == null) {
      throw new ConfigProblem("persistentvolumeclaim \"" + name + "\" is not bound");
    }
    String path =
        volume.getSpec().getLocal() != null
            ? volume.getSpec().getLocal().getPath()
            : volume.getSpec().getHostPath() != null
                ? volume.getSpec().getHostPath().getPath()
                : null;
    if (path == null || !Files.isDirectory(Path.of(path))) {
      throw new ConfigProblem(
          "persistentvolumeclaim \"%s\": volume %s is not a folder of this node; use storage class"
                  .formatted(name, volumeName)
              + " "
              + CLASS);
    }
    return Path.of(path);
  }
}
