package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.kubelet.LocalImages;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a {@link LocalNode} pretends to be.
 *
 * @param name its name in the cluster
 * @param state folder of pods, volumes and logs
 * @param devices ids of its devices; nothing checks that they exist
 * @param deviceMemoryMebibytes memory of each device, as its labels tell it
 * @param product model of its devices, as its labels tell it
 * @param images what runs, by the image's repository: its name without tag and digest
 * @param localPaths base of the folders that claims may name by annotation {@code
 *     evaljob.io/local-path}; when empty the annotation is not looked at
 */
public record NodeDescription(
    String name,
    Path state,
    List<String> devices,
    int deviceMemoryMebibytes,
    String product,
    Map<String, LocalImages> images,
    Optional<Path> localPaths) {

  static final String RESOURCE = "nvidia.com/gpu";
  static final String PROCESS_VARIABLE = "CUDA_VISIBLE_DEVICES";

  /** Copies what it is given. */
  public NodeDescription {
    state = state.toAbsolutePath().normalize();
    devices = List.copyOf(devices);
    images = Map.copyOf(images);
  }

  /** Eight devices of 80 GiB, and images for plain scripts: python, busybox. */
  public static NodeDescription of(String name, Path state) {
    LocalImages scripts = Programs.harness(state.resolve("environments"));
    return new NodeDescription(
        name,
        state,
        IntStream.range(0, 8).mapToObj(Integer::toString).toList(),
        81_559,
        "NVIDIA-H100-80GB-HBM3",
        Map.of("python", scripts, "busybox", scripts),
        Optional.empty());
  }

  /** With one more image. */
  public NodeDescription withImage(String repository, LocalImages program) {
    Map<String, LocalImages> all = new LinkedHashMap<>(images);
    all.put(repository, program);
    return new NodeDescription(
        name, state, devices, deviceMemoryMebibytes, product, all, localPaths);
  }

  /** With claims that may stand for folders below {@code base}. */
  public NodeDescription withLocalPaths(Path base) {
    return new NodeDescription(
        name,
        state,
        devices,
        deviceMemoryMebibytes,
        product,
        images,
        Optional.of(base.toAbsolutePath().normalize()));
  }
}
