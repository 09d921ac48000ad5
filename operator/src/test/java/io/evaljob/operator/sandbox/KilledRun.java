package io.evaljob.operator.sandbox;

import static io.evaljob.operator.sandbox.Cluster.devices;
import static io.evaljob.operator.sandbox.Cluster.job;
import static io.evaljob.operator.sandbox.Cluster.script;

import java.nio.file.Path;

/** A process with a sandbox and a Job that does not end; a test kills it. */
public final class KilledRun {

  private KilledRun() {}

  /** Prints the UID and the version of the Job once its pod runs, and waits to be killed. */
  public static void main(String[] arguments) throws InterruptedException {
    Path folder = Path.of(arguments[0]);
    Cluster cluster = new Cluster(Cluster.config(folder));
    cluster.create(
        job(
            "endless",
            devices(
                script(
                    "echo $$$$ > "
                        + folder.resolve("pid")
                        + "; printf half > $TERMINATION; while :; do sleep 0.05; done"),
                2)));
    cluster.running("endless");
    System.out.println(cluster.pod("endless").getMetadata().getUid());
    Thread.currentThread().join();
  }
}
