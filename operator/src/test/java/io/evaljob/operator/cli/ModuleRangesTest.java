package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ModuleRangesTest {

  @Test
  void numberedModulesBecomeRangesWithTheirGaps() {
    assertThat(
            ModuleRanges.of(
                List.of("a.layers.10", "a.layers.9", "a.layers.2", "head", "a.layers.11", "b.0")))
        .containsExactly("head", "a.layers.2", "a.layers.9-11", "b.0");
  }

  @Test
  void noModuleIsNoName() {
    assertThat(ModuleRanges.of(List.of())).isEmpty();
  }
}
