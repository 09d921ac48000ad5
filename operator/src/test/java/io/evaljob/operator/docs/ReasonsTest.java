package io.evaljob.operator.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.FailureCause;
import io.evaljob.api.v1alpha1.Reason;
import io.evaljob.api.v1alpha1.WaitingReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every word of a closed list is explained, and no other. */
class ReasonsTest {

  record Chapter(String title, List<String> words) {}

  static Stream<Chapter> chapters() {
    return Stream.of(
        new Chapter("## Reasons of conditions", words(Reason.values(), "Unknown")),
        new Chapter("## What a job waits for", words(WaitingReason.values(), "Unknown")),
        new Chapter("## Why an attempt failed", words(FailureCause.values(), "")));
  }

  @ParameterizedTest
  @MethodSource("chapters")
  void aTableHasTheWordsOfItsList(Chapter chapter) throws IOException {
    List<String> lines = Files.readAllLines(Path.of("docs/reference/reasons.md"));
    List<String> rows =
        lines.stream()
            .skip(lines.indexOf(chapter.title()) + 1L)
            .takeWhile(line -> !line.startsWith("## "))
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.substring(3, line.indexOf('`', 3)))
            .toList();

    assertThat(lines).contains(chapter.title());
    assertThat(rows).containsExactlyElementsOf(chapter.words());
  }

  /** A word that only stands for "newer than this version" is never written. */
  private static List<String> words(Enum<?>[] values, String never) {
    return Stream.of(values).map(Enum::name).filter(name -> !name.equals(never)).toList();
  }
}
