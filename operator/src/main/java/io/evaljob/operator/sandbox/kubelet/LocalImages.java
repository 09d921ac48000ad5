package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.PodInputs;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/** Finds or makes what stands for a pod's image. */
public interface LocalImages {

  /** The pod's environment when it can be used at once. */
  Optional<LocalImage> ready(Pod pod, PodInputs inputs) throws EnvironmentException;

  /**
   * The pod's environment, made first when it is not there; may take minutes.
   *
   * @throws EnvironmentException when it cannot be made now
   * @throws InterruptedException when the pod shall end meanwhile
   */
  LocalImage prepare(Pod pod, PodInputs inputs) throws EnvironmentException, InterruptedException;
}
