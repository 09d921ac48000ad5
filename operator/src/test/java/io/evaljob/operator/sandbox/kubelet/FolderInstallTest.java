package io.evaljob.operator.sandbox.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The machine's own venv and pip, with a folder of wheels for an index. */
class FolderInstallTest {

  private static final List<String> REQUIREMENTS =
      List.of("# pinned", "one==1.0", "two==2.0", "three==3.0; python_version < '3'");

  @TempDir Path folder;
  private final List<InstallProgress> progress = new CopyOnWriteArrayList<>();
  private Path wheels;

  @BeforeEach
  void wheels() throws IOException {
    wheels = Files.createDirectory(folder.resolve("wheels"));
  }

  private Path wheel(String name, String version) throws IOException {
    Path file = wheels.resolve(name + "-" + version + "-py3-none-any.whl");
    String info = name + "-" + version + ".dist-info/";
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      add(zip, name + "/__init__.py", "VERSION = '" + version + "'\n");
      add(
          zip,
          info + "METADATA",
          "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n");
      add(
          zip,
          info + "WHEEL",
          "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
      add(zip, info + "RECORD", "");
    }
    return file;
  }

  private static void add(ZipOutputStream zip, String name, String text) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(text.getBytes(StandardCharsets.UTF_8));
    zip.closeEntry();
  }

  private VirtualEnvironments environments() {
    return new VirtualEnvironments(
        folder.resolve("cache"), Path.of("python3"), variables(), progress::add);
  }

  private Map<String, String> variables() {
    return Map.of(
        "PATH", System.getenv("PATH"),
        "HOME", folder.toString(),
        "PIP_CONFIG_FILE", "/dev/null",
        "PIP_NO_INDEX", "1",
        "PIP_FIND_LINKS", wheels.toString());
  }

  private InstallProgress announcement() {
    return progress.stream()
        .filter(told -> told.step() == InstallProgress.Step.Fetching)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aFailedInstallLeavesNothingAndTheNextOneWorks() throws Exception {
    Path one = wheel("one", "1.0");
    assertThatThrownBy(() -> environments().install(REQUIREMENTS))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("pip could not install the requirements")
        .hasMessageContaining("two==2.0");
    assertThat(announcement().totalBytes()).as("not known without every file").isZero();
    assertThat(folder.resolve("cache")).isDirectoryNotContaining("regex:.*/[0-9a-f]{64}");

    Path two = wheel("two", "2.0");
    progress.clear();
    LocalImage made = environments().install(REQUIREMENTS);

    assertThat(announcement().totalBytes()).isEqualTo(Files.size(one) + Files.size(two));
    assertThat(announcement().total()).isEqualTo(2);
    List<String> question = new ArrayList<>();
    question.add(made.python().toString());
    question.addAll(List.of("-B", "-c", "import one, two; print(one.VERSION, two.VERSION)"));
    assertThat(VirtualEnvironments.ask(question, variables())).isEqualTo("1.0 2.0");
    try (Stream<Path> files = Files.walk(made.python().getParent().getParent().resolve("lib"))) {
      assertThat(files).noneMatch(file -> file.endsWith(Path.of("one", "__pycache__")));
    }
  }
}
