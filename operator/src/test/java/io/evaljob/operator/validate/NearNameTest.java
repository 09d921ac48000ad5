package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearNameTest {
  @Test
  void findsTheNameThatWasMeant() {
    assertThat(NearName.of("vlmevalkit-2026-4", List.of("command", "vlmevalkit-2026-04")))
        .contains("vlmevalkit-2026-04");
    assertThat(NearName.of("InternVl3-78b", List.of("internvl3-78b"))).contains("internvl3-78b");
  }

  @Test
  void saysNothingRatherThanSomethingFar() {
    assertThat(NearName.of("pets", List.of("gpus", "vlm"))).isEmpty();
    assertThat(NearName.of("x", List.of())).isEmpty();
  }
}
