package io.evaljob.operator.testbed;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** A control plane for something that is no test, such as a benchmark; it ends with it. */
public final class OwnPlane implements AutoCloseable {

  private final Cluster cluster;
  private final Path folder;
  private final Deque<Component> further = new ArrayDeque<>();

  private OwnPlane(Cluster cluster, Path folder) {
    this.cluster = cluster;
    this.folder = folder;
  }

  /**
   * Starts one.
   *
   * @param name of the folder in {@code operator/target} that it writes to
   * @throws IllegalStateException when there are no binaries, with the remedy
   */
  public static OwnPlane start(String name) {
    Binaries binaries =
        Binaries.find(System.getenv())
            .orElseThrow(() -> new IllegalStateException("no control plane: " + Binaries.remedy()));
    Path folder = Checkout.target().resolve(name);
    return new OwnPlane(new Cluster(LocalControlPlane.start(binaries, folder)), folder);
  }

  public ControlPlane cluster() {
    return cluster;
  }

  /** Where it writes to. */
  public Path folder() {
    return folder;
  }

  /** Starts another program beside it, which ends with it. */
  public void run(String program, List<String> arguments) {
    List<String> command = new java.util.ArrayList<>(List.of(cluster.program(program).toString()));
    command.addAll(arguments);
    further.push(Component.start(program, folder.resolve(program + ".log"), command));
  }

  @Override
  public void close() {
    further.forEach(Component::close);
    cluster.close();
  }
}
