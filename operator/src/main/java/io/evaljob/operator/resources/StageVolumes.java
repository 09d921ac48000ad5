package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.Stage;
import io.evaljob.api.v1alpha1.VolumeSpec;
import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.util.ArrayList;
import java.util.List;

/** The volumes of a stage's pod and where its container sees them. */
final class StageVolumes {
  private static final String AUDIENCE = "evaljob-report";
  private static final long TOKEN_SECONDS = 3600;

  private final List<Volume> volumes = new ArrayList<>();
  private final List<VolumeMount> mounts = new ArrayList<>();

  StageVolumes(StageContext context) {
    configMap("plan", context.planName(), ContainerPaths.PLAN);
    configMap("runner", Names.runner(context.settings().runner()), ContainerPaths.RUNNER);
    token();
    context
        .pod()
        .caBundleConfigMapNameIfSet()
        .ifPresent(name -> configMap("certificates", name, ContainerPaths.CERTIFICATES));
    emptyDir("tmp", new EmptyDirVolumeSource(), ContainerPaths.TMP);
    if (context.stage() == Stage.Infer) {
      emptyDir("shared-memory", sharedMemory(context), ContainerPaths.SHARED_MEMORY);
    }
    if (context.mountsWorkspace()) {
      String claim = Workspace.claimName(context.job(), context.plan().model().name());
      claim("workspace", claim, ContainerPaths.WORKSPACE, "", false);
    }
    context
        .cache()
        .ifPresent(
            cache ->
                claim(
                    "cache", cache.claimName(), ContainerPaths.CACHE, "", !context.writesCache()));
    for (VolumeSpec volume : context.volumes()) {
      claim(
          "volume-" + volume.name(),
          volume.claimName(),
          ContainerPaths.VOLUMES + "/" + volume.name(),
          volume.subPathIfSet().orElse(""),
          true);
    }
  }

  List<Volume> volumes() {
    return volumes;
  }

  List<VolumeMount> mounts() {
    return mounts;
  }

  private void configMap(String volume, String name, String path) {
    volumes.add(
        new VolumeBuilder()
            .withName(volume)
            .withNewConfigMap()
            .withName(name)
            .endConfigMap()
            .build());
    mount(volume, path, "", true);
  }

  /** A token for the report endpoint alone: the API server refuses this audience. */
  private void token() {
    volumes.add(
        new VolumeBuilder()
            .withName("token")
            .withNewProjected()
            .addNewSource()
            .withNewServiceAccountToken()
            .withAudience(AUDIENCE)
            .withExpirationSeconds(TOKEN_SECONDS)
            .withPath("token")
            .endServiceAccountToken()
            .endSource()
            .endProjected()
            .build());
    mount("token", ContainerPaths.TOKEN, "", true);
  }

  private void emptyDir(String volume, EmptyDirVolumeSource source, String path) {
    volumes.add(new VolumeBuilder().withName(volume).withEmptyDir(source).build());
    mount(volume, path, "", false);
  }

  private void claim(String volume, String name, String path, String subPath, boolean readOnly) {
    // Read-only in the mount alone: in the volume it makes some drivers attach it read-only, and a
    // claim may be here twice.
    volumes.add(
        new VolumeBuilder()
            .withName(volume)
            .withNewPersistentVolumeClaim()
            .withClaimName(name)
            .endPersistentVolumeClaim()
            .build());
    mount(volume, path, subPath, readOnly);
  }

  private void mount(String volume, String path, String subPath, boolean readOnly) {
    mounts.add(
        new VolumeMountBuilder()
            .withName(volume)
            .withMountPath(path)
            .withSubPath(subPath.isEmpty() ? null : subPath)
            .withReadOnly(readOnly ? true : null)
            .build());
  }

  /** The default of 64 MiB ends NCCL and data loaders; the memory limit still bounds it. */
  private static EmptyDirVolumeSource sharedMemory(StageContext context) {
    EmptyDirVolumeSource source = new EmptyDirVolumeSource();
    source.setMedium("Memory");
    StageAmounts.sharedMemory(context.spec(), context.runtimeSpec())
        .ifPresent(size -> source.setSizeLimit(CanonicalQuantity.of(size)));
    return source;
  }
}
