package io.evaljob.operator.sandbox.kubelet;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;

/**
 * Where a container's paths are on this machine. Without a mount namespace the pod's mounts lie
 * under a folder of its own, and words that name them are rewritten: a word that equals a mounted
 * path, lies under one, or is an ancestor of one with at least two segments.
 *
 * <p>{@code /dev/shm} is this machine's own and stays as it is.
 */
final class PathMapping {

  private static final String SHARED_MEMORY = "/dev/shm";

  private final Path root;
  private final List<String> mounted;

  /**
   * Maps below one folder.
   *
   * @param root the folder that stands for {@code /}
   * @param mounted absolute container paths
   */
  PathMapping(Path root, Collection<String> mounted) {
    this.root = root;
    this.mounted =
        mounted.stream()
            .map(PathMapping::withoutEnd)
            .filter(path -> !path.equals(SHARED_MEMORY))
            .toList();
  }

  /** The word as the process shall see it. */
  String rewrite(String word) {
    if (!word.startsWith("/")) {
      return word;
    }
    String path = withoutEnd(word);
    for (String mount : mounted) {
      boolean under = path.equals(mount) || path.startsWith(mount + "/");
      boolean above = mount.startsWith(path + "/") && path.indexOf('/', 1) > 0;
      if (under || above) {
        return root + word;
      }
    }
    return word;
  }

  /** The place of a container path below the pod's folder. */
  Path local(String path) {
    return root.resolve(withoutEnd(path).substring(1)).normalize();
  }

  private static String withoutEnd(String path) {
    int end = path.length();
    while (end > 1 && path.charAt(end - 1) == '/') {
      end--;
    }
    return path.substring(0, end);
  }
}
