package io.evaljob.operator.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The command a person types, in the root of the checkout.
 *
 * @param program kubectl itself
 * @param kubeconfig whose rights it has
 */
public record Kubectl(Path program, Path kubeconfig) {

  private static final long LONGEST_SECONDS = 300;

  /**
   * What a command printed.
   *
   * @param exitCode 0 when it succeeded
   * @param output standard output
   * @param errors standard error
   */
  public record Answer(int exitCode, String output, String errors) {}

  /** Runs it and wants it to succeed; returns what it printed. */
  public String run(String... arguments) {
    Answer answer = ask(arguments);
    if (answer.exitCode() != 0) {
      throw new AssertionError(
          "kubectl "
              + String.join(" ", arguments)
              + " ended with "
              + answer.exitCode()
              + ": "
              + answer.errors());
    }
    return answer.output();
  }

  /** Runs it, however it ends. */
  public Answer ask(String... arguments) {
    return askWith("", arguments);
  }

  /**
   * Runs it with a text to read, however it ends.
   *
   * @param input what {@code -f -} reads
   */
  public Answer askWith(String input, String... arguments) {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    Path in = null;
    Path out = null;
    Path err = null;
    try {
      in = Files.createTempFile("kubectl", ".in");
      out = Files.createTempFile("kubectl", ".out");
      err = Files.createTempFile("kubectl", ".err");
      Files.writeString(in, input);
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(Checkout.root().toFile())
              .redirectInput(in.toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().put("KUBECONFIG", kubeconfig.toString());
      Process process = builder.start();
      if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " did not end");
      }
      return new Answer(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } finally {
      delete(in);
      delete(out);
      delete(err);
    }
  }

  private static void delete(Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
