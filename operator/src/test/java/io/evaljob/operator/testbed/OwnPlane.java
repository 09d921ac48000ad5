package io.evaljob.operator.testbed;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

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
    List<String> command = new ArrayList<>(List.of(cluster.program(program).toString()));
    command.addAll(arguments);
    further.push(Component.start(program, folder.resolve(program + ".log"), command));
  }

  /** A program that ends when it is closed, and with this JVM at the latest. */
  public interface Leashed extends AutoCloseable {
    /** Its process id. */
    long pid();

    boolean isAlive();

    /** Ends it by SIGTERM, by SIGKILL where it does not end in 10 s; waits. */
    @Override
    void close();
  }

  /**
   * Starts a program that is none of the control plane's.
   *
   * @param name of its log
   * @param environment all it gets, beside PATH
   */
  public Leashed start(String name, List<String> command, Map<String, String> environment) {
    return Component.start(name, folder.resolve(name + ".log"), command, environment);
  }

  @Override
  public void close() {
    further.forEach(Component::close);
    cluster.close();
  }
}
