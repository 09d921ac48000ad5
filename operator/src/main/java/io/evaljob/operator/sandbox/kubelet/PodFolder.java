package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The files of one pod: {@code pods/<uid>/} with the process record, the volumes and the root of
 * its paths, all deleted when it has ended, and {@code logs/<namespace>_<name>.log}, which stays.
 *
 * @param root {@code pods/<first 13 characters of the UID>}; short, because sockets below it must
 *     not have paths of more than about 100 characters
 * @param log the container's output
 */
record PodFolder(Path root, Path log) {

  private static final int UID_CHARACTERS = 13;

  static PodFolder of(Path state, Pod pod) {
    String uid = pod.getMetadata().getUid();
    return new PodFolder(
        state.resolve("pods").resolve(uid.substring(0, Math.min(UID_CHARACTERS, uid.length()))),
        state
            .resolve("logs")
            .resolve(
                pod.getMetadata().getNamespace() + "_" + pod.getMetadata().getName() + ".log"));
  }

  Path record() {
    return root.resolve("process");
  }

  Path fileSystem() {
    return root.resolve("fs");
  }

  Path volume(String name) {
    return root.resolve("v").resolve(name);
  }

  static String terminationPath(Container container) {
    String path = container.getTerminationMessagePath();
    return path == null || path.isEmpty() ? "/dev/termination-log" : path;
  }

  void delete() throws IOException {
    if (Files.exists(root)) {
      ClaimBinder.delete(root);
    }
  }
}
