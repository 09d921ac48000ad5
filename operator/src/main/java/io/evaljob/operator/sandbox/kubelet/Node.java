package io.evaljob.operator.sandbox.kubelet;

import io.evaljob.operator.sandbox.controller.PodInputs;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a kubelet needs to know of its machine and its cluster.
 *
 * @param state folder for pods and logs; absolute
 * @param python interpreter of the wrapper; absolute
 * @param hostVariables this machine's environment variables, of which few reach a pod
 * @param podVariables variables of every pod, such as where the API server is
 * @param processVariable variable that names a process's devices
 * @param images what stands for images
 */
public record Node(
    Path state,
    Path python,
    Map<String, String> hostVariables,
    Map<String, String> podVariables,
    String processVariable,
    LocalImages images,
    PodInputs inputs,
    PodWriter writer,
    ClaimFolders claims,
    TokenSource tokens,
    PodAdmission admission) {

  /** Copies what it is given. */
  public Node {
    hostVariables = Map.copyOf(hostVariables);
    podVariables = Map.copyOf(podVariables);
  }
}
