package io.evaljob.operator.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The Java virtual machines that are measured, each with an archive made for it. */
@SuppressWarnings("try") // what is closed at the end of a block need not be named in it
final class Jvms {

  private final Path root;
  private final BenchCluster cluster;
  private final Map<String, OperatorUnderTest.Jvm> ready = new LinkedHashMap<>();

  Jvms(Path root, BenchCluster cluster) {
    this.root = root;
    this.cluster = cluster;
  }

  /** Every one with its archive; the first is the one that everything else is measured with. */
  Map<String, OperatorUnderTest.Jvm> withArchives() throws IOException, InterruptedException {
    if (ready.isEmpty()) {
      add(System.getProperty("bench.java"));
      String further = System.getProperty("bench.java.further", "");
      if (!further.isEmpty()) {
        add(further);
      }
    }
    return ready;
  }

  /** What everything but the start is measured with. */
  OperatorUnderTest.Jvm first() throws IOException, InterruptedException {
    return withArchives().values().iterator().next();
  }

  private void add(String home) throws IOException, InterruptedException {
    Path java = Path.of(home, "bin", "java");
    int version = version(home);
    boolean aot = version >= 25;
    Path archive = cluster.folder().resolve("operator-" + version + (aot ? ".aot" : ".jsa"));
    Files.deleteIfExists(archive);
    try (OperatorUnderTest training =
        OperatorUnderTest.start(
            cluster,
            root,
            new OperatorUnderTest.Jvm(
                java,
                List.of((aot ? "-XX:AOTCacheOutput=" : "-XX:ArchiveClassesAtExit=") + archive)))) {
      // What it loads until it leads is what is archived.
      Thread.sleep(1_000);
      training.endInItsTime();
    }
    if (!Files.exists(archive)) {
      throw new IllegalStateException(java + " has written no archive; see operator.log");
    }
    String name = "JDK " + version + (aot ? ", ahead-of-time cache" : ", class-data archive");
    ready.put(
        name,
        new OperatorUnderTest.Jvm(
            java, List.of((aot ? "-XX:AOTCache=" : "-XX:SharedArchiveFile=") + archive)));
  }

  static int version(String home) throws IOException {
    return Files.readAllLines(Path.of(home, "release")).stream()
        .filter(line -> line.startsWith("JAVA_VERSION="))
        .map(line -> line.replaceAll("[^0-9.]", "").replaceAll("\\..*", ""))
        .mapToInt(Integer::parseInt)
        .findFirst()
        .orElse(0);
  }
}
