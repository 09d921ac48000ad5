package io.evaljob.operator.sandbox;

import io.evaljob.operator.sandbox.apiserver.PodTokens;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.sandbox.controller.ClusterWriter;
import io.evaljob.operator.sandbox.controller.Pods;
import io.evaljob.operator.sandbox.kubelet.ClaimFolders;
import io.evaljob.operator.sandbox.kubelet.ConfigProblem;
import io.evaljob.operator.sandbox.kubelet.PodAdmission;
import io.evaljob.operator.sandbox.kubelet.PodGrant;
import io.evaljob.operator.sandbox.kubelet.PodWriter;
import io.evaljob.operator.sandbox.kubelet.TokenSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * How the kubelet of one machine meets the sandbox: whole objects are written, a finalizer stands
 * for the kubelet's part in a deletion, and the device scheduler has given out the devices.
 */
public final class SandboxPods implements PodWriter {

  private static final String FINALIZER = "evaljob.io/kubelet";
  private static final String ADDRESS = "127.0.0.1";

  private final ClusterWriter writer;

  /** Writes through {@code writer}. */
  public SandboxPods(ClusterWriter writer) {
    this.writer = writer;
  }

  /** The folders that claims are bound to. */
  public static ClaimFolders folders(ClaimBinder claims) {
    return claim -> {
      Optional<String> problem = claims.problem(claim);
      if (problem.isPresent()) {
        throw new ConfigProblem(problem.get());
      }
      return claims.folder(claim);
    };
  }

  /** Tokens that the sandbox's API server knows. */
  public static TokenSource tokens(PodTokens tokens) {
    return new TokenSource() {
      @Override
      public String issue(Pod pod, String audience, Duration life) {
        String account = pod.getSpec().getServiceAccountName();
        return tokens.issue(
            pod.getMetadata().getNamespace(),
            account == null || account.isEmpty() ? "default" : account,
            pod.getMetadata().getName(),
            pod.getMetadata().getUid(),
            audience,
            life);
      }

      @Override
      public void revoke(Pod pod) {
        tokens.revoke(pod.getMetadata().getUid());
      }
    };
  }

  /** Takes every pod, with the devices that it was bound with. */
  public static PodAdmission admission() {
    return new PodAdmission() {
      @Override
      public PodGrant admit(Pod pod) {
        return new PodGrant(Pods.devices(pod), ADDRESS);
      }

      @Override
      public void free(Pod pod) {
        // The device scheduler sees the pod's end.
      }
    };
  }

  @Override
  public void edit(Pod pod, UnaryOperator<Pod> change) {
    writer.editPod(pod, change);
  }

  @Override
  public void end(Pod pod, UnaryOperator<Pod> change) {
    writer.editPod(pod, current -> released(change.apply(current)));
  }

  @Override
  public void release(Pod pod) {
    if (pod.getMetadata().getFinalizers().contains(FINALIZER)) {
      writer.editPod(pod, SandboxPods::released);
    }
  }

  private static Pod released(Pod pod) {
    return new PodBuilder(pod).editMetadata().removeFromFinalizers(FINALIZER).endMetadata().build();
  }

  @Override
  public void warning(Pod pod, String reason, String message) {
    writer.event(pod, "Warning", reason, message, "kubelet");
  }

  @Override
  public void milestone(Pod pod, String reason, String message) {
    // Who watches one machine sees the status and the log.
  }

  @Override
  public String now() {
    return writer.now();
  }
}
