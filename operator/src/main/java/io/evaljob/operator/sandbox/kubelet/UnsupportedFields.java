package io.evaljob.operator.sandbox.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.ArrayList;
import java.util.List;

/**
 * What a pod may ask for that processes of one machine cannot be given. Limits, users and read-only
 * mounts are not here: they are taken as they are, and not enforced.
 */
final class UnsupportedFields {

  private final List<String> found = new ArrayList<>();

  private UnsupportedFields(Pod pod) {
    PodSpec spec = pod.getSpec();
    when(spec.getContainers().size() != 1, spec.getContainers().size() + " containers in one pod");
    when(!spec.getInitContainers().isEmpty(), "init containers");
    when(!spec.getEphemeralContainers().isEmpty(), "ephemeral containers");
    when(
        Boolean.TRUE.equals(spec.getHostNetwork())
            || Boolean.TRUE.equals(spec.getHostPID())
            || Boolean.TRUE.equals(spec.getHostIPC()),
        "namespaces of the host (hostNetwork, hostPID, hostIPC)");
    spec.getVolumes().forEach(this::volume);
    spec.getContainers().forEach(this::container);
  }

  /**
   * Passes a pod that can be run.
   *
   * @throws PodRejection with everything that stands against it
   */
  static void refuse(Pod pod) throws PodRejection {
    List<String> found = new UnsupportedFields(pod).found;
    if (!found.isEmpty()) {
      throw new PodRejection(
          "PodNotSupported",
          "this node runs containers as processes of one machine and does not have "
              + String.join("; ", found)
              + ". Remove it from the pod, or run the pod on another node");
    }
  }

  private void when(boolean asked, String what) {
    if (asked) {
      found.add(what);
    }
  }

  private void volume(Volume volume) {
    boolean known =
        volume.getEmptyDir() != null
            || volume.getConfigMap() != null
            || volume.getSecret() != null
            || volume.getProjected() != null
            || volume.getDownwardAPI() != null
            || volume.getPersistentVolumeClaim() != null;
    String type = volume.getHostPath() != null ? "hostPath volumes" : "volumes but of six types";
    when(
        !known,
        type
            + " (volume "
            + volume.getName()
            + "; there are emptyDir, configMap, secret, projected, downwardAPI and"
            + " persistentVolumeClaim)");
    when(
        volume.getProjected() != null
            && volume.getProjected().getSources().stream()
                .anyMatch(
                    source ->
                        source.getClusterTrustBundle() != null
                            || source.getPodCertificate() != null),
        "certificates in projected volumes (volume " + volume.getName() + ")");
  }

  private void container(Container container) {
    SecurityContext security = container.getSecurityContext();
    when(
        security != null && Boolean.TRUE.equals(security.getPrivileged()), "privileged containers");
    when(container.getLifecycle() != null, "lifecycle hooks");
    when(!container.getEnvFrom().isEmpty(), "envFrom (name each variable in env)");
    when(
        container.getEnv().stream()
            .anyMatch(
                variable ->
                    variable.getValueFrom() != null
                        && variable.getValueFrom().getResourceFieldRef() != null),
        "variables from resourceFieldRef");
    when(!container.getVolumeDevices().isEmpty(), "block devices");
    when(
        container.getVolumeMounts().stream().anyMatch(mount -> mount.getSubPathExpr() != null),
        "subPathExpr (subPath is there)");
    probe(container.getStartupProbe());
    probe(container.getReadinessProbe());
    probe(container.getLivenessProbe());
  }

  private void probe(Probe probe) {
    if (probe == null) {
      return;
    }
    boolean secure =
        probe.getHttpGet() != null && "HTTPS".equalsIgnoreCase(probe.getHttpGet().getScheme());
    when(
        secure || (probe.getHttpGet() == null && probe.getTcpSocket() == null),
        "probes but httpGet by HTTP and tcpSocket");
  }
}
