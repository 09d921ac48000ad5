package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamePatternsTest {
  @ParameterizedTest
  @CsvSource({
    "evaljob-*, evaljob-hub, true",
    "evaljob-*, evaljob-, true",
    "evaljob-*, other-evaljob-hub, false",
    "*.svc, vllm.vlm.svc, true",
    "*.svc, vllm.vlm.svc.evil, false",
    "pool, pool, true",
    "pool, pools, false",
    "*, anything, true",
    "a*c, abc, false",
    "*a*, bab, false",
    "a*c, a*c, false"
  })
  void aStarStandsOnlyAtAnEnd(String pattern, String name, boolean allowed) {
    assertThat(NamePatterns.allow(List.of(pattern), name)).isEqualTo(allowed);
  }

  @Test
  void anAbsentListAllowsNothing() {
    assertThat(NamePatterns.allow(List.of(), "pool")).isFalse();
  }
}
