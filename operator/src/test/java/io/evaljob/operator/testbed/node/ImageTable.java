package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.controller.PodInputs;
import io.evaljob.operator.sandbox.kubelet.EnvironmentException;
import io.evaljob.operator.sandbox.kubelet.LocalImage;
import io.evaljob.operator.sandbox.kubelet.LocalImages;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** The images that a node has a program for; any other cannot be pulled. */
record ImageTable(Map<String, LocalImages> byRepository) implements LocalImages {

  @Override
  public Optional<LocalImage> ready(Pod pod, PodInputs inputs) throws EnvironmentException {
    return of(pod).ready(pod, inputs);
  }

  @Override
  public LocalImage prepare(Pod pod, PodInputs inputs)
      throws EnvironmentException, InterruptedException {
    return of(pod).prepare(pod, inputs);
  }

  private LocalImages of(Pod pod) throws EnvironmentException {
    String image = pod.getSpec().getContainers().get(0).getImage();
    LocalImages found = byRepository.get(repository(image));
    if (found == null) {
      throw new EnvironmentException(
          "Failed to pull image \""
              + image
              + "\": this node pulls nothing and has no program for it; it has programs for "
              + String.join(", ", new TreeSet<>(byRepository.keySet()))
              + ". Name one of these, or run the pod on another node");
    }
    return found;
  }

  /** The name without digest and tag; a port in the registry's name is not a tag. */
  static String repository(String image) {
    int digest = image.indexOf('@');
    String name = digest < 0 ? image : image.substring(0, digest);
    int tag = name.lastIndexOf(':');
    return tag > name.lastIndexOf('/') ? name.substring(0, tag) : name;
  }
}
