package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.apiserver.PodTokens;
import io.evaljob.operator.sandbox.controller.ClaimBinder;
import io.evaljob.operator.sandbox.controller.ClusterWriter;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a kubelet needs to know of its machine.
 *
 * @param state folder for pods and logs; absolute
 * @param python interpreter of the wrapper; absolute
 * @param hostVariables this machine's environment variables, of which few reach a pod
 * @param processVariable variable that names a process's devices
 * @param environments what stands for images
 */
public record Node(
    Path state,
    Path python,
    Map<String, String> hostVariables,
    String processVariable,
    LocalEnvironments environments,
    ClusterWriter writer,
    ClaimBinder claims,
    PodTokens tokens) {

  /** Copies what it is given. */
  public Node {
    hostVariables = Map.copyOf(hostVariables);
  }
}
