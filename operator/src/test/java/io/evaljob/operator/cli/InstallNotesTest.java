package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.operator.sandbox.kubelet.InstallProgress;
import io.evaljob.operator.sandbox.kubelet.InstallProgress.Step;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class InstallNotesTest {

  private static final Path FOLDER = Path.of("environments/abc");

  private final StringWriter written = new StringWriter();
  private final InstallNotes notes =
      new InstallNotes(new LiveTable(new PrintWriter(written, true), Terminal.none()));

  @Test
  void theSizeIsAnnouncedOnceAndBeforeTheDownload() {
    notes.progress(new InstallProgress(FOLDER, Step.Started, 0, 3, 0, 0, ""));
    notes.progress(new InstallProgress(FOLDER, Step.Fetching, 0, 3, 0, 2_500_000_000L, ""));
    notes.progress(
        new InstallProgress(FOLDER, Step.Fetching, 1, 3, 1_000_000_000L, 2_500_000_000L, "torch"));

    assertThat(written.toString().lines())
        .filteredOn(line -> line.startsWith("installing 3 packages, 2500 MB to download"))
        .hasSize(1)
        .allMatch(line -> line.contains("environments/abc") && line.contains("--python PATH"));
  }

  @Test
  void theLineTellsHowFarItIs() {
    assertThat(
            InstallNotes.line(
                new InstallProgress(
                    FOLDER, Step.Fetching, 1, 3, 1_000_000_000L, 2_500_000_000L, "torch")))
        .isEqualTo("installing: 1 of 3 packages, 1000 MB of 2500 MB (40 %)  torch");
  }

  @Test
  void aFailureStays() {
    notes.progress(new InstallProgress(FOLDER, Step.Failed, 0, 3, 0, 0, "no space left"));

    assertThat(written.toString()).isEqualTo("the installation failed: no space left\n");
  }
}
