package io.evaljob.operator.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextTest {
  @Test
  void whatDoesNotPrintBecomesASpace() {
    assertThat(Text.clean("a\u001b[31mb\nc\u202ed\u0000", 100)).isEqualTo("a [31mb c d");
    assertThat(Text.clean("lone \ud83d!", 100)).isEqualTo("lone  !");
  }

  @Test
  void cutsAtAWholeCharacter() {
    assertThat(Text.clean("abcdef", 3)).isEqualTo("abc");
    assertThat(Text.clean("ab😀", 3)).isEqualTo("ab");
    assertThat(Text.clean("ab😀", 4)).isEqualTo("ab😀");
  }
}
