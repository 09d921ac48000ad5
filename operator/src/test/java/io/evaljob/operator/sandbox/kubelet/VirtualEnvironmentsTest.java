package io.evaljob.operator.sandbox.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evaljob.operator.sandbox.SandboxConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a stand-in for python3 whose venv and pip modules do what a test tells them. */
class VirtualEnvironmentsTest {

  private static final List<String> REQUIREMENTS = List.of("# pinned", "one==1.0", "two==2.0");

  @TempDir Path folder;
  private final List<InstallProgress> progress = new CopyOnWriteArrayList<>();
  private Path python;

  @BeforeEach
  void python() throws IOException {
    venv("exit 0");
    size("echo 2 2000000");
    pip(
        "echo 'Collecting one==1.0 (from -r requirements.txt)'",
        "echo '  Downloading https://index.example/one-1.0-py3-none-any.whl (1.5 MB)'",
        "echo 'Collecting two==2.0'",
        "echo '  Using cached two-2.0-py3-none-any.whl (500 kB)'",
        "echo 'Installing collected packages: one, two'");
    python = folder.resolve("python3");
    program(
        python,
        "case \"$*\" in",
        "  '-m venv '*) echo venv >> " + folder.resolve("calls"),
        "    mkdir -p \"$3/bin\"; cp " + python + " \"$3/bin/python3\"",
        "    . " + folder.resolve("venv.sh") + ";;",
        "  *' pip install '*) echo pip >> " + folder.resolve("calls"),
        "    . " + folder.resolve("pip.sh") + ";;",
        "  *requirements.txt) . " + folder.resolve("size.sh") + ";;",
        "  *) exec python3 \"$@\";;",
        "esac");
  }

  private void venv(String... lines) throws IOException {
    Files.write(folder.resolve("venv.sh"), List.of(lines));
  }

  private void size(String... lines) throws IOException {
    Files.write(folder.resolve("size.sh"), List.of(lines));
  }

  private void pip(String... lines) throws IOException {
    Files.write(folder.resolve("pip.sh"), List.of(lines));
  }

  private static void program(Path file, String... lines) throws IOException {
    Files.write(file, Stream.concat(Stream.of("#!/bin/sh"), Stream.of(lines)).toList());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  private VirtualEnvironments environments() {
    return new VirtualEnvironments(
        folder.resolve("cache"), python, Map.of("PATH", System.getenv("PATH")), progress::add);
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(folder.resolve("calls"));
  }

  @Test
  void anEnvironmentIsMadeOnceAndFoundAgain() throws Exception {
    assertThat(environments().find(REQUIREMENTS)).isEmpty();
    LocalImage made = environments().install(REQUIREMENTS);
    assertThat(made.python()).isExecutable().hasFileName("python3");
    assertThat(made.path()).containsExactly(made.python().getParent());
    assertThat(environments().install(REQUIREMENTS)).isEqualTo(made);
    assertThat(environments().find(REQUIREMENTS)).contains(made);
    assertThat(calls()).containsExactly("venv", "pip");
    assertThat(environments().find(List.of("one==1.1"))).isEmpty();
  }

  @Test
  void theDownloadIsAnnouncedBeforePipStarts() throws Exception {
    size("echo 'WARNING: a mirror is slow'", "echo 1 2000000");
    environments().install(REQUIREMENTS);
    assertThat(progress.get(0).step()).isEqualTo(InstallProgress.Step.Started);
    assertThat(progress.get(0).total()).isEqualTo(2);
    InstallProgress announcement = first(InstallProgress.Step.Fetching);
    assertThat(announcement.total()).as("packages for this machine").isEqualTo(1);
    assertThat(announcement.totalBytes()).isEqualTo(2_000_000);
    assertThat(announcement.bytes()).isZero();
    assertThat(announcement.packages()).isZero();
    InstallProgress last = progress.get(progress.size() - 1);
    assertThat(last.step()).isEqualTo(InstallProgress.Step.Finished);
    assertThat(last.bytes()).isEqualTo(2_000_000);
    assertThat(last.packages()).isEqualTo(2);
  }

  private InstallProgress first(InstallProgress.Step step) {
    return progress.stream().filter(told -> told.step() == step).findFirst().orElseThrow();
  }

  @Test
  void whilePipIsSilentTheFilesTellHowFarItIs() throws Exception {
    Path gate = folder.resolve("gate");
    pip(
        "echo 'Collecting one==1.0'",
        "echo '  Downloading one-1.0-py3-none-any.whl (1.5 MB)'",
        "mkdir $TMPDIR/pip-unpack-x",
        "head -c 500000 /dev/zero > $TMPDIR/pip-unpack-x/one-1.0-py3-none-any.whl",
        "until [ -e " + gate + "1 ]; do sleep 0.05; done",
        "echo 'Installing collected packages: one, two'",
        "mkdir -p venv/lib/python3.x/site-packages/one-1.0.dist-info",
        "until [ -e " + gate + "2 ]; do sleep 0.05; done");
    Thread installer = new Thread(this::installAsFarAsItGoes);
    installer.start();
    await()
        .untilAsserted(
            () ->
                assertThat(progress)
                    .anySatisfy(
                        told -> {
                          assertThat(told.bytes()).isEqualTo(500_000);
                          assertThat(told.percent()).hasValue(25);
                          assertThat(told.detail()).isEqualTo("one-1.0-py3-none-any.whl");
                        }));
    Files.createFile(folder.resolve("gate1"));
    await()
        .untilAsserted(
            () ->
                assertThat(progress)
                    .anySatisfy(
                        told -> {
                          assertThat(told.step()).isEqualTo(InstallProgress.Step.Installing);
                          assertThat(told.percent()).hasValue(50);
                          assertThat(told.detail()).isEqualTo("two");
                        }));
    Files.createFile(folder.resolve("gate2"));
    installer.join();
    assertThat(environments().find(REQUIREMENTS)).isPresent();
  }

  private void installAsFarAsItGoes() {
    try {
      environments().install(REQUIREMENTS);
    } catch (EnvironmentException | InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aSizeThatCannotBeLearnedStopsNothing() throws Exception {
    size("echo 'ImportError: pip is not what it was'", "exit 1");
    environments().install(REQUIREMENTS);
    InstallProgress announcement = first(InstallProgress.Step.Fetching);
    assertThat(announcement.totalBytes()).isZero();
    assertThat(announcement.total()).isEqualTo(2);
    assertThat(environments().find(REQUIREMENTS)).isPresent();
  }

  @Test
  void theFolderOfEnvironmentsIsTheUsersToMove() {
    assertThat(
            List.of(
                SandboxConfig.defaultCache(Map.of("HOME", "/home/a")),
                SandboxConfig.defaultCache(Map.of("HOME", "/home/a", "XDG_CACHE_HOME", "/big")),
                SandboxConfig.defaultCache(
                    Map.of("XDG_CACHE_HOME", "/big", "EVALJOB_CACHE_DIR", "/own"))))
        .containsExactly(
            Path.of("/home/a/.cache/evaljob/environments"),
            Path.of("/big/evaljob/environments"),
            Path.of("/own/environments"));
  }

  @Test
  void aDownloadThatTheDiskCannotTakeIsRefusedBeforeItStarts() throws Exception {
    size("echo 2 1000000000000000000");
    assertThatThrownBy(() -> environments().install(REQUIREMENTS))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("3000000000.0 GB in " + folder.resolve("cache"))
        .hasMessageContaining("(1000000000.0 GB to fetch")
        .hasMessageContaining("EVALJOB_CACHE_DIR");
    assertThat(calls()).containsExactly("venv");
    assertThat(folder.resolve("cache")).isDirectoryNotContaining("regex:.*/[0-9a-f]{64}");
    assertThat(progress.get(progress.size() - 1).step()).isEqualTo(InstallProgress.Step.Failed);
  }

  @Test
  void aFailureEndsWithPipsLastLinesAndIsTriedAnewNextTime() throws Exception {
    pip("echo 'ERROR: No matching distribution found for one==1.0'", "exit 1");
    assertThatThrownBy(() -> environments().install(REQUIREMENTS))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("ERROR: No matching distribution found for one==1.0")
        .hasMessageContaining("exit code 1");
    assertThat(environments().find(REQUIREMENTS)).isEmpty();
    pip("exit 0");
    environments().install(REQUIREMENTS);
    assertThat(calls()).containsExactly("venv", "pip", "venv", "pip");
  }

  @Test
  void anIndexThatIsNotReachedIsNamedInsteadOfAVersionThatIsMissing() throws Exception {
    String retrying =
        "echo \"WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by"
            + " 'NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to"
            + " establish a new connection: [Errno 111] Connection refused')': /simple/one/\"";
    pip(retrying, "echo 'ERROR: No matching distribution found for one==1.0'", "exit 1");
    assertThatThrownBy(() -> environments().install(REQUIREMENTS))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageStartingWith(
            "pip does not reach its package index (NewConnectionError: [Errno 111] Connection"
                + " refused), and the first use needs a network;")
        .hasMessageContaining("--python")
        .hasMessageNotContaining("No matching distribution");
    pip(retrying, "echo 'Downloading one-1.0-py3-none-any.whl (2 kB)'", "echo broken", "exit 1");
    assertThatThrownBy(() -> environments().install(REQUIREMENTS)).hasMessageContaining("broken");
  }

  /** As Debian's python3 without python3-venv says it, and one that was built without venv. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        """
        The virtual environment was not created successfully because ensurepip is not
        available.  On Debian/Ubuntu systems, you need to install the python3-venv
        package using the following command.

            apt install python3.11-venv

        You may need to use sudo with that command.  After installing the python3-venv
        package, recreate your virtual environment.

        Failing command: /home/me/x/venv/bin/python3

        """,
        "/usr/bin/python3: No module named venv\n"
      })
  void aMissingVenvModuleIsNamedWithItsPackage(String said) throws Exception {
    Files.writeString(folder.resolve("said"), said);
    venv("cat " + folder.resolve("said"), "exit 1");
    assertThatThrownBy(() -> environments().install(REQUIREMENTS))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("apt install python3-venv")
        .hasMessageContaining("--python");
    assertThat(calls()).containsExactly("venv");
  }

  @Test
  void aKilledInstallationIsBegunAnew() throws Exception {
    LocalImage made = environments().install(REQUIREMENTS);
    Path root = made.python().getParent().getParent().getParent();
    Files.delete(root.resolve("complete"));
    Files.writeString(root.resolve("half"), "");
    assertThat(environments().find(REQUIREMENTS)).isEmpty();
    environments().install(REQUIREMENTS);
    assertThat(root.resolve("half")).doesNotExist();
    assertThat(calls()).containsExactly("venv", "pip", "venv", "pip");
  }

  @Test
  void twoAtOnceMakeItOnce() throws Exception {
    VirtualEnvironments shared = environments();
    List<LocalImage> made = new CopyOnWriteArrayList<>();
    List<Thread> threads =
        Stream.of(shared, environments())
            .map(
                environments ->
                    new Thread(
                        () -> {
                          try {
                            made.add(environments.install(REQUIREMENTS));
                          } catch (EnvironmentException | InterruptedException e) {
                            throw new IllegalStateException(e);
                          }
                        }))
            .toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(made).hasSize(2);
    assertThat(calls()).containsExactly("venv", "pip");
  }

  @Test
  void anInterruptedInstallationEndsItsProcesses() throws Exception {
    pip("echo $$ > " + folder.resolve("pid"), "sleep 600");
    Thread installer = new Thread(this::installAsFarAsItGoes);
    installer.start();
    Path pidFile = folder.resolve("pid");
    await().until(() -> Files.exists(pidFile) && Files.size(pidFile) > 0);
    long pid = Long.parseLong(Files.readString(pidFile).strip());
    installer.interrupt();
    installer.join();
    await().until(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    assertThat(environments().find(REQUIREMENTS)).isEmpty();
    assertThat(folder.resolve("cache")).isDirectoryNotContaining("regex:.*/[0-9a-f]{64}");
  }

  @Test
  void whoeverComesWhileAnotherProcessInstallsWaitsAndSaysSo() throws Exception {
    environments().install(REQUIREMENTS);
    Path root = environments().install(REQUIREMENTS).python().getParent().getParent().getParent();
    Files.delete(root.resolve("complete"));
    Process other =
        new ProcessBuilder(
                "python3",
                "-c",
                "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX);"
                    + " print('held', flush=True); sys.stdin.read()",
                root + ".lock")
            .start();
    assertThat(other.getInputStream().read()).isEqualTo('h');
    progress.clear();
    Thread installer = new Thread(this::installAsFarAsItGoes);
    installer.start();
    await()
        .untilAsserted(
            () ->
                assertThat(progress)
                    .isNotEmpty()
                    .allMatch(told -> told.step() == InstallProgress.Step.Waiting));
    other.getOutputStream().close();
    installer.join();
    assertThat(environments().find(REQUIREMENTS)).isPresent();
    assertThat(calls()).containsExactly("venv", "pip", "venv", "pip");
  }
}
