package io.evaljob.operator.sandbox.controller;

import io.evaljob.operator.sandbox.apiserver.ObjectPath;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Binds claims to folders: to the one that annotation {@value #LOCAL_PATH} names (an absolute path,
 * never deleted), else to a new one in the state folder that goes with the claim.
 *
 * <p>Sizes and access modes are taken as they are; nothing enforces them.
 */
public final class ClaimBinder implements Controller {

  /** Annotation of a claim: the folder of this machine that it stands for. */
  public static final String LOCAL_PATH = "evaljob.io/local-path";

  private final ClusterWriter writer;
  private final Path volumes;

  /** Makes folders in {@code volumes}. */
  public ClaimBinder(ClusterWriter writer, Path volumes) {
    this.writer = writer;
    this.volumes = volumes;
  }

  @Override
  public void sync(ClusterView view) {
    for (PersistentVolumeClaim claim : view.claims()) {
      boolean bound = claim.getStatus() != null && "Bound".equals(claim.getStatus().getPhase());
      if (!bound && claim.getMetadata().getDeletionTimestamp() == null) {
        bind(claim);
      }
    }
    sweep(view);
  }

  /** Folder of a bound claim. */
  public Path folder(PersistentVolumeClaim claim) {
    return localPath(claim).orElseGet(() -> volumes.resolve(claim.getMetadata().getUid()));
  }

  /** Why a claim cannot be used; empty when it can. */
  public Optional<String> problem(PersistentVolumeClaim claim) {
    Optional<Path> local = localPath(claim);
    if (local.isPresent() && !Files.isDirectory(local.get())) {
      return Optional.of(
          "persistentvolumeclaim \""
              + claim.getMetadata().getName()
              + "\" stands for "
              + local.get()
              + ", which is not a folder; make it or correct annotation "
              + LOCAL_PATH);
    }
    return Optional.empty();
  }

  private static Optional<Path> localPath(PersistentVolumeClaim claim) {
    return claim.getMetadata().getAnnotations() == null
        ? Optional.empty()
        : Optional.ofNullable(claim.getMetadata().getAnnotations().get(LOCAL_PATH)).map(Path::of);
  }

  private void bind(PersistentVolumeClaim claim) {
    if (problem(claim).isPresent()) {
      return;
    }
    Path folder = folder(claim);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make " + folder + " for a claim", e);
    }
    PersistentVolumeClaim bound =
        new PersistentVolumeClaimBuilder(claim)
            .editSpec()
            .withVolumeName("local-" + claim.getMetadata().getUid())
            .endSpec()
            .withNewStatus()
            .withPhase("Bound")
            .withAccessModes(claim.getSpec().getAccessModes())
            .withCapacity(
                claim.getSpec().getResources() == null
                    ? null
                    : claim.getSpec().getResources().getRequests())
            .endStatus()
            .build();
    writer.replace(
        new ObjectPath(
            "",
            "v1",
            "persistentvolumeclaims",
            claim.getMetadata().getNamespace(),
            claim.getMetadata().getName()),
        bound);
  }

  /** Deletes folders whose claim is gone, once no pod can use them any more. */
  private void sweep(ClusterView view) {
    if (!Files.isDirectory(volumes)
        || view.pods().stream()
            .anyMatch(pod -> !Pods.isEnded(pod) && usesMissingClaim(pod, view))) {
      return;
    }
    Set<String> known =
        view.claims().stream()
            .map(claim -> claim.getMetadata().getUid())
            .collect(Collectors.toSet());
    try (Stream<Path> folders = Files.list(volumes)) {
      List<Path> stale =
          folders.filter(folder -> !known.contains(folder.getFileName().toString())).toList();
      for (Path folder : stale) {
        delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot clear the folders of deleted claims", e);
    }
  }

  private static boolean usesMissingClaim(Pod pod, ClusterView view) {
    return pod.getSpec().getVolumes().stream()
        .filter(volume -> volume.getPersistentVolumeClaim() != null)
        .anyMatch(
            volume ->
                view.claim(
                        pod.getMetadata().getNamespace(),
                        volume.getPersistentVolumeClaim().getClaimName())
                    .isEmpty());
  }

  /** Deletes a tree without following links. */
  public static void delete(Path root) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
