package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evaljob.operator.plan.VisibleDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceDiscoveryTest {

  private static final String CUDA = "CUDA_VISIBLE_DEVICES";
  private static final long GIB = 1L << 30;
  private static final List<DeviceDiscovery.Card> CARDS =
      List.of(
          new DeviceDiscovery.Card("0", "GPU-aaaa-1", 79 * GIB),
          new DeviceDiscovery.Card("1", "GPU-bbbb-2", 39 * GIB));

  @Test
  void theVariableDecidesWhichDevicesAndInWhichOrder() {
    DeviceDiscovery.Found found = find("", Optional.of("1,0"), CARDS);

    assertThat(found.devices())
        .containsExactly(new VisibleDevice("1", 39 * GIB), new VisibleDevice("0", 79 * GIB));
    assertThat(found.origin()).isEqualTo("CUDA_VISIBLE_DEVICES=1,0");
    assertThat(found.pretended()).isFalse();
  }

  @Test
  void aVariableWithoutNvidiaSmiNamesDevicesOfUnknownMemory() {
    assertThat(find("", Optional.of("4,5,6,7"), List.of()).devices())
        .extracting(VisibleDevice::id, VisibleDevice::memoryBytes)
        .containsExactly(tuple("4"), tuple("5"), tuple("6"), tuple("7"));
  }

  @Test
  void anUnsetVariableMeansAllCards() {
    assertThat(find("", Optional.empty(), CARDS).devices())
        .extracting(VisibleDevice::id)
        .containsExactly("0", "1");
  }

  @Test
  void anEmptyVariableMeansNoDevice() {
    assertThat(find("", Optional.of(""), CARDS).devices()).isEmpty();
  }

  @Test
  void theListEndsAtTheFirstEntryThatIsNoDevice() {
    assertThat(find("", Optional.of("1,-1,0"), CARDS).devices())
        .extracting(VisibleDevice::id)
        .containsExactly("1");
  }

  @Test
  void aUuidMayBeCutShort() {
    assertThat(find("", Optional.of("GPU-bb"), CARDS).devices())
        .containsExactly(new VisibleDevice("GPU-bb", 39 * GIB));
  }

  @Test
  void aDeviceTwiceOrOneThatIsNotThereIsRefused() {
    assertThatThrownBy(() -> find("", Optional.of("0,0"), CARDS))
        .isInstanceOf(UsageProblem.class)
        .hasMessage("CUDA_VISIBLE_DEVICES=0,0 names device 0 twice; keep one of them");
    assertThatThrownBy(() -> find("", Optional.of("0,9"), CARDS))
        .isInstanceOf(UsageProblem.class)
        .hasMessage(
            "CUDA_VISIBLE_DEVICES=0,9 names device 9, but nvidia-smi lists 0, 1; correct or unset"
                + " it");
  }

  @Test
  void pretendedDevicesTakeTheirNamesFromTheVariable() {
    DeviceDiscovery.Found found = find("2:24Gi", Optional.of("6,7"), List.of());

    assertThat(found.devices())
        .containsExactly(new VisibleDevice("6", 24 * GIB), new VisibleDevice("7", 24 * GIB));
    assertThat(found.pretended()).isTrue();
    assertThat(find("2", Optional.empty(), List.of()).devices())
        .containsExactly(new VisibleDevice("0", 0), new VisibleDevice("1", 0));
  }

  @Test
  void aCountThatContradictsTheVariableIsRefused() {
    assertThatThrownBy(() -> find("3", Optional.of("4,5,6,7"), List.of()))
        .isInstanceOf(UsageProblem.class)
        .hasMessageContaining("--devices: 3 does not agree with CUDA_VISIBLE_DEVICES=4,5,6,7");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "-1", "1.5", "2:", "2:much", "2:-1Gi", "2:0", ":8Gi", "1000000"})
  void whatCannotBeReadIsSaid(String pretend) {
    assertThatThrownBy(() -> find(pretend, Optional.empty(), List.of()))
        .isInstanceOf(UsageProblem.class)
        .hasMessageContaining("--devices: " + pretend)
        .hasMessageContaining("4:79Gi");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0, GPU-aaaa, 81559 | 0 | GPU-aaaa | 85520809984",
        "7, GPU-bbbb, [N/A] | 7 | GPU-bbbb | 0",
      })
  void aLineOfNvidiaSmiIsACard(String line, String index, String uuid, long memory) {
    assertThat(DeviceDiscovery.card(line)).contains(new DeviceDiscovery.Card(index, uuid, memory));
  }

  @Test
  void anErrorOfNvidiaSmiIsNoCard() {
    assertThat(DeviceDiscovery.card("NVIDIA-SMI has failed because it could not communicate"))
        .isEmpty();
  }

  @Test
  void nvidiaSmiIsAskedAndItsFailureMeansNoDevice(@TempDir Path bin) throws IOException {
    assertThat(DeviceDiscovery.listCards(script(bin, "echo '3, GPU-cccc, 1024'")))
        .containsExactly(new DeviceDiscovery.Card("3", "GPU-cccc", GIB));
    assertThat(DeviceDiscovery.listCards(script(bin, "echo '3, GPU-cccc, 1024'; exit 9")))
        .isEmpty();
    assertThat(DeviceDiscovery.listCards(Map.of("PATH", bin.resolve("nowhere").toString())))
        .isEmpty();
  }

  private static Map<String, String> script(Path bin, String body) throws IOException {
    Path program = bin.resolve("nvidia-smi");
    Files.writeString(program, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return Map.of("PATH", bin.toString());
  }

  private static org.assertj.core.groups.Tuple tuple(String id) {
    return org.assertj.core.groups.Tuple.tuple(id, 0L);
  }

  private static DeviceDiscovery.Found find(
      String pretend, Optional<String> setting, List<DeviceDiscovery.Card> cards) {
    return DeviceDiscovery.find(pretend, CUDA, setting, cards);
  }
}
