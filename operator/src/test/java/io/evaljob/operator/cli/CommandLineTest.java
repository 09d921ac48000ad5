package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {

  @Test
  void helpNamesEveryCommandAndAFirstStep() {
    Invocation help = Invocation.of("--help");

    assertThat(help.exitCode()).isZero();
    assertThat(help.out())
        .contains("run ", "plan ", "render ", "validate ", "verify-devices ", "operator ")
        .contains("evaljob run deploy/examples/quickstart.yaml");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "plan", "render", "validate"})
  void helpOfACommandTeachesItsExitCodesAndShowsAnExample(String command) {
    Invocation help = Invocation.of(command, "--help");

    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).contains("Exit codes:", "Example", "evaljob " + command, "FILE...");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "plan", "render", "validate", "verify-devices", "operator"})
  void linesOfHelpFitOnAScreen(String command) {
    assertThat(Invocation.of(command, "--help").out().lines())
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
  }

  @Test
  void aMissingCommandIsSaidInOneLine() {
    Invocation nothing = Invocation.of();

    assertThat(nothing.exitCode()).isEqualTo(2);
    assertThat(nothing.err().lines())
        .containsExactly("evaljob: a command is missing", "Try 'evaljob --help'.");
  }

  @Test
  void aMistypedCommandOrOptionGetsASuggestion() {
    Invocation command = Invocation.of("pln");
    Invocation option = Invocation.of("run", "--stat", "x", "file.yaml");

    assertThat(command.exitCode()).isEqualTo(2);
    assertThat(command.err()).contains("pln", "plan");
    assertThat(option.exitCode()).isEqualTo(2);
    assertThat(option.err()).contains("--stat", "--state", "Try 'evaljob run --help'.");
  }

  @Test
  void aMissingFileIsNamed() {
    Invocation run = Invocation.of("run", "no-such-file.yaml");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("no-such-file.yaml: does not exist").doesNotContain("at io.");
  }

  @Test
  void filesWithoutAJobHaveNothingToRun() {
    Invocation run = Invocation.of("run", "../deploy/runtimes/command.yaml");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("no EvalJob in ../deploy/runtimes/command.yaml");
  }
}
