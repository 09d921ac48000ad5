package io.evaljob.operator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What is shipped under {@code deploy/} for users to apply has no mistake. */
class ShippedManifestsTest {
  private static final Path DEPLOY = Path.of(System.getProperty("basedir", "."), "../deploy");

  @TestFactory
  List<DynamicTest> everyManifestIsGood() throws IOException {
    return Stream.of("examples", "profiles", "runtimes")
        .map(DEPLOY::resolve)
        .filter(Files::isDirectory)
        .flatMap(folder -> manifests(folder).stream())
        .map(
            file ->
                DynamicTest.dynamicTest(
                    DEPLOY.relativize(file).toString(),
                    () ->
                        assertThat(SchemaCheck.checkAll(ManifestReader.read(file)))
                            .map(SchemaProblem::message)
                            .isEmpty()))
        .toList();
  }

  /** A cluster has one object of a name: the example applied last would change the others' own. */
  @Test
  void examplesCanBeAppliedTogether() {
    Map<String, JsonNode> seen = new HashMap<>();
    Map<String, String> owner = new HashMap<>();
    for (Path file : manifests(DEPLOY.resolve("examples"))) {
      for (Manifest parsed : ManifestReader.read(file).documents()) {
        JsonNode object = parsed.object();
        String name = parsed.kind() + " " + parsed.name();
        String first = owner.putIfAbsent(name, file.getFileName().toString());
        JsonNode before = seen.putIfAbsent(name, object);
        assertThat(object)
            .as("%s of %s, which %s has too", name, file.getFileName(), first)
            .isEqualTo(before == null ? object : before);
      }
    }
    assertThat(seen).hasSizeGreaterThan(10);
  }

  private static List<Path> manifests(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.endsWith("kustomization.yaml"))
          // What brings data into a cluster is for kubectl alone.
          .filter(file -> !file.startsWith(DEPLOY.resolve("examples/data")))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
