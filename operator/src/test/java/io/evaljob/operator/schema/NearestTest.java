package io.evaljob.operator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
  private static final List<String> FIELDS =
      List.of("devicesPerProcess", "processes", "name", "hub", "volume", "runtimeRef", "datasets");

  @ParameterizedTest
  @CsvSource({
    "devicesPerProces, devicesPerProcess",
    "devices_per_process, devicesPerProcess",
    "proceses, processes",
    "nmae, name",
    "Name, name",
    "runtime, runtimeRef",
    "dataset, datasets",
    "hup, hub",
  })
  void findsWhatWasMeant(String written, String meant) {
    assertThat(Nearest.to(written, FIELDS)).hasValue(meant);
  }

  @Test
  void findsNamesOfObjectsToo() {
    assertThat(Nearest.to("vlmevalkit-2026-4", List.of("command", "vlmevalkit-2026-04")))
        .contains("vlmevalkit-2026-04");
    assertThat(Nearest.to("InternVl3-78b", List.of("internvl3-78b"))).contains("internvl3-78b");
    assertThat(Nearest.to("pets", List.of("gpus", "vlm"))).isEmpty();
    assertThat(Nearest.to("x", List.of())).isEmpty();
  }

  @Test
  void findsNothingWhereNothingIsNear() {
    assertThat(Nearest.to("xyz", FIELDS)).isEmpty();
    assertThat(Nearest.to("image", FIELDS)).isEmpty();
    assertThat(Nearest.to("", FIELDS)).isEmpty();
  }

  @Property(tries = 200)
  void distanceIsSymmetricAndZeroForEqual(
      @ForAll @AlphaChars @StringLength(max = 8) String a,
      @ForAll @AlphaChars @StringLength(max = 8) String b) {
    assertThat(Nearest.distance(a, b)).isEqualTo(Nearest.distance(b, a));
    assertThat(Nearest.distance(a, a)).isZero();
    assertThat(Nearest.distance(a, b))
        .isBetween(Math.abs(a.length() - b.length()), Math.max(a.length(), b.length()));
  }
}
