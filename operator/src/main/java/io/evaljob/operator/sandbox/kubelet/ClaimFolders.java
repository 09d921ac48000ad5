package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.nio.file.Path;

/** Finds the folders of this machine that claims stand for. */
@FunctionalInterface
public interface ClaimFolders {

  /**
   * The folder of a claim that a pod mounts; it exists.
   *
   * @throws ConfigProblem when the claim cannot be used (yet)
   */
  Path folder(PersistentVolumeClaim claim) throws ConfigProblem;
}
