package io.evaljob.operator.testbed.node;

import io.evaljob.operator.testbed.Checkout;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.PatientAwaits;
import java.io.IOException;
import java.nio.file.Path;

/** A cluster of this machine to try things on, with the operator in it; see .ci/testbed/up. */
public final class Testbed {

  private Testbed() {}

  /** Runs until standard input ends. */
  public static void main(String[] arguments) throws IOException {
    PatientAwaits.apply();
    Path folder = Checkout.target().resolve("testbed-up");
    NodeDescription machine =
        NodeDescription.of("this-machine", folder.resolve("node"))
            .withLocalPaths(Checkout.root().resolve("deploy/examples"));
    try (ControlPlane.Started cluster = ControlPlane.start(folder.resolve("control-plane"));
        RunningOperator operator = RunningOperator.start(cluster.plane(), machine, 2)) {
      System.out.println(
          "ready: "
              + operator.node().name()
              + " has 8 x nvidia.com/gpu (made up), evaljob-system has two replicas\n\n"
              + "  export KUBECONFIG="
              + cluster.plane().kubeconfig()
              + "\n  export PATH="
              + cluster.plane().program("kubectl").getParent()
              + ":$PATH\n  kubectl apply -f deploy/examples/command.yaml && kubectl get ej -w\n\n"
              + "Ctrl-D ends it.");
      while (System.in.read() >= 0) {
        // Until there is no more to read.
      }
    }
  }
}
