package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.PodInputs;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lays out a pod's volumes as folders and its mounts as links to them.
 *
 * <p>Read-only mounts are not enforced, and the size of an emptyDir is not either.
 */
final class PodVolumes {

  private static final Duration DEFAULT_TOKEN_LIFE = Duration.ofHours(1);

  /** A token file and what to write into it again before it expires. */
  record TokenFile(Path file, String audience, Duration life) {}

  private final Node node;

  PodVolumes(Node node) {
    this.node = node;
  }

  /**
   * Makes every volume and mount of the container; what an earlier try has made is made anew.
   *
   * @return the token files, to be kept fresh
   * @throws ConfigProblem when a ConfigMap, Secret or claim is missing
   */
  List<TokenFile> mount(
      Pod pod, Container container, PodGrant grant, PodFolder folder, PathMapping paths)
      throws ConfigProblem, IOException {
    List<TokenFile> tokenFiles = new java.util.ArrayList<>();
    Map<String, Path> sources = new HashMap<>();
    for (Volume volume : pod.getSpec().getVolumes()) {
      sources.put(volume.getName(), source(pod, volume, grant, folder, tokenFiles));
    }
    for (VolumeMount mount : container.getVolumeMounts()) {
      Path source = sources.get(mount.getName());
      if (source == null) {
        throw new ConfigProblem("volume \"" + mount.getName() + "\" not found");
      }
      link(mount, source, paths, isWritable(pod, mount.getName()));
    }
    Files.createDirectories(paths.local(PodFolder.terminationPath(container)).getParent());
    return tokenFiles;
  }

  private static boolean isWritable(Pod pod, String volume) {
    return pod.getSpec().getVolumes().stream()
        .anyMatch(
            v ->
                v.getName().equals(volume)
                    && (v.getPersistentVolumeClaim() != null || v.getEmptyDir() != null));
  }

  private static void link(VolumeMount mount, Path source, PathMapping paths, boolean writable)
      throws IOException, ConfigProblem {
    Path target = source;
    if (mount.getSubPath() != null && !mount.getSubPath().isEmpty()) {
      target = source.resolve(mount.getSubPath()).normalize();
      if (!target.startsWith(source)) {
        throw new ConfigProblem(
            "subPath "
                + mount.getSubPath()
                + " of mount "
                + mount.getName()
                + " leaves the volume");
      }
      if (writable && !Files.exists(target)) {
        Files.createDirectories(target);
      }
    }
    Path place = paths.local(mount.getMountPath());
    Files.createDirectories(place.getParent());
    Files.deleteIfExists(place);
    Files.createSymbolicLink(place, target);
  }

  private Path source(
      Pod pod, Volume volume, PodGrant grant, PodFolder folder, List<TokenFile> tokenFiles)
      throws ConfigProblem, IOException {
    PodInputs inputs = node.inputs();
    String namespace = pod.getMetadata().getNamespace();
    if (volume.getPersistentVolumeClaim() != null) {
      String name = volume.getPersistentVolumeClaim().getClaimName();
      PersistentVolumeClaim claim =
          inputs
              .claim(namespace, name)
              .orElseThrow(
                  () -> new ConfigProblem("persistentvolumeclaim \"" + name + "\" not found"));
      return node.claims().folder(claim);
    }
    Path place = folder.volume(volume.getName());
    Files.createDirectories(place);
    if (volume.getEmptyDir() != null) {
      return place;
    }
    if (volume.getConfigMap() != null) {
      write(
          place,
          configMap(
              inputs,
              namespace,
              volume.getConfigMap().getName(),
              volume.getConfigMap().getOptional()),
          volume.getConfigMap().getItems());
      return place;
    }
    if (volume.getSecret() != null) {
      write(
          place,
          secret(
              inputs,
              namespace,
              volume.getSecret().getSecretName(),
              volume.getSecret().getOptional()),
          volume.getSecret().getItems());
      return place;
    }
    if (volume.getDownwardAPI() != null) {
      downward(pod, grant, volume.getDownwardAPI().getItems(), place);
      return place;
    }
    if (volume.getProjected() != null) {
      for (VolumeProjection part : volume.getProjected().getSources()) {
        project(pod, part, grant, place, tokenFiles);
      }
      return place;
    }
    throw new ConfigProblem(
        "volume \"" + volume.getName() + "\" is of a type that one machine does not have");
  }

  private void project(
      Pod pod, VolumeProjection part, PodGrant grant, Path place, List<TokenFile> tokenFiles)
      throws ConfigProblem, IOException {
    PodInputs inputs = node.inputs();
    String namespace = pod.getMetadata().getNamespace();
    if (part.getServiceAccountToken() != null) {
      ServiceAccountTokenProjection token = part.getServiceAccountToken();
      Duration life =
          token.getExpirationSeconds() == null
              ? DEFAULT_TOKEN_LIFE
              : Duration.ofSeconds(token.getExpirationSeconds());
      TokenFile file =
          new TokenFile(
              place.resolve(token.getPath()),
              token.getAudience() == null ? "" : token.getAudience(),
              life);
      refresh(pod, file);
      tokenFiles.add(file);
    }
    if (part.getConfigMap() != null) {
      write(
          place,
          configMap(
              inputs, namespace, part.getConfigMap().getName(), part.getConfigMap().getOptional()),
          part.getConfigMap().getItems());
    }
    if (part.getDownwardAPI() != null) {
      downward(pod, grant, part.getDownwardAPI().getItems(), place);
    }
    if (part.getSecret() != null) {
      write(
          place,
          secret(inputs, namespace, part.getSecret().getName(), part.getSecret().getOptional()),
          part.getSecret().getItems());
    }
  }

  private static void downward(
      Pod pod, PodGrant grant, List<DownwardAPIVolumeFile> items, Path place)
      throws ConfigProblem, IOException {
    for (DownwardAPIVolumeFile item : items) {
      String text = ContainerEnvironment.field(pod, grant, item.getFieldRef().getFieldPath());
      write(place, item.getPath(), text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Writes a new token into the file; readers see the old one or the new one. */
  void refresh(Pod pod, TokenFile file) throws IOException {
    String token = node.tokens().issue(pod, file.audience(), file.life());
    Path next = file.file().resolveSibling(file.file().getFileName() + ".next");
    Files.createDirectories(next.getParent());
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(next, token);
    Files.move(
        next, file.file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Map<String, byte[]> configMap(
      PodInputs inputs, String namespace, String name, Boolean optional) throws ConfigProblem {
    Optional<ConfigMap> map = inputs.configMap(namespace, name);
    if (map.isEmpty() && !Boolean.TRUE.equals(optional)) {
      throw new ConfigProblem("configmap \"" + name + "\" not found");
    }
    Map<String, byte[]> files = new HashMap<>();
    map.ifPresent(
        found -> {
          if (found.getData() != null) {
            found
                .getData()
                .forEach((key, text) -> files.put(key, text.getBytes(StandardCharsets.UTF_8)));
          }
          if (found.getBinaryData() != null) {
            found
                .getBinaryData()
                .forEach((key, text) -> files.put(key, Base64.getDecoder().decode(text)));
          }
        });
    return files;
  }

  private static Map<String, byte[]> secret(
      PodInputs inputs, String namespace, String name, Boolean optional) throws ConfigProblem {
    Optional<Secret> secret = inputs.secret(namespace, name);
    if (secret.isEmpty() && !Boolean.TRUE.equals(optional)) {
      throw new ConfigProblem("secret \"" + name + "\" not found");
    }
    Map<String, byte[]> files = new HashMap<>();
    secret.ifPresent(
        found -> {
          if (found.getData() != null) {
            found
                .getData()
                .forEach((key, text) -> files.put(key, Base64.getDecoder().decode(text)));
          }
          if (found.getStringData() != null) {
            found
                .getStringData()
                .forEach((key, text) -> files.put(key, text.getBytes(StandardCharsets.UTF_8)));
          }
        });
    return files;
  }

  private static void write(Path place, Map<String, byte[]> files, List<KeyToPath> items)
      throws ConfigProblem, IOException {
    if (items.isEmpty()) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        write(place, file.getKey(), file.getValue());
      }
      return;
    }
    for (KeyToPath item : items) {
      byte[] content = files.get(item.getKey());
      if (content == null) {
        throw new ConfigProblem("references non-existent config key: " + item.getKey());
      }
      write(place, item.getPath(), content);
    }
  }

  private static void write(Path place, String name, byte[] content)
      throws ConfigProblem, IOException {
    Path file = place.resolve(name).normalize();
    if (!file.startsWith(place)) {
      throw new ConfigProblem("path " + name + " leaves the volume");
    }
    Files.createDirectories(file.getParent());
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.delete(file);
    }
    Files.write(file, content);
  }
}
