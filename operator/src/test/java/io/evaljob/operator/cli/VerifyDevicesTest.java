package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.VisibleDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code verify-devices} does before Python starts; the rest runs with the real harness. */
class VerifyDevicesTest {

  private static final String BLOCKS =
      """
      [{"role":"Vision","bytes":10,"moduleNames":["visual"]},
       {"role":"Embedding","bytes":10,"moduleNames":["embed"]},
       {"role":"Layers","count":24,"bytes":10,"moduleNames":["layers"]},
       {"role":"Norm","bytes":1,"moduleNames":["norm"]},
       {"role":"Head","bytes":10,"moduleNames":["lm_head"]}]""";

  @TempDir private Path folder;

  @Test
  void theModelIsSplitOverWhatIsVisibleAndKeepsItsNames() throws Exception {
    JsonNode plan = plan("4", "5", "7");

    assertThat(plan.at("/devices/context").asText()).isEqualTo("BareProcess");
    assertThat(plan.at("/ranks/0/visibleDevices"))
        .extracting(JsonNode::asText)
        .containsExactly("4", "5", "7");
    assertThat(plan.at("/split/strategy").asText()).isEqualTo("Layers");
    assertThat(plan.at("/split/devices"))
        .extracting(device -> device.get("weightsBytes").asLong())
        .allSatisfy(bytes -> assertThat(bytes).isPositive())
        .hasSize(3);
  }

  @Test
  void oneDeviceGetsAPlanWithoutASplit() throws Exception {
    JsonNode plan = plan("0");

    assertThat(plan.at("/devices/perProcess").asInt()).isEqualTo(1);
    assertThat(plan.at("/split/assignments")).noneMatch(part -> part.get("device").asInt() != 0);
  }

  @Test
  void sixteenDevicesEachHoldALayer() throws Exception {
    String[] ids =
        Stream.iterate(0, id -> id + 1).limit(16).map(String::valueOf).toArray(String[]::new);

    assertThat(plan(ids).at("/split/devices")).hasSize(16);
  }

  @Test
  void moreDevicesThanTheModelHasLayersForAreRefused() {
    Invocation many = Invocation.of("verify-devices", "--devices", "17:80Gi");

    assertThat(many.exitCode()).isEqualTo(2);
    assertThat(many.err()).contains("17 devices are visible", "CUDA_VISIBLE_DEVICES");
  }

  @Test
  void anInterpreterThatIsNoneIsNamed() {
    Invocation wrong =
        Invocation.of("verify-devices", "--devices", "2:80Gi", "--python", folder.toString());

    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.err()).contains("--python", folder.toString(), "is not a program");
  }

  @Test
  void whatItInstallsIsPinnedAndAsInTheQuickstart() throws Exception {
    List<String> lines = RunnerProgram.requirements();
    String quickstart = Files.readString(Path.of("../deploy/examples/quickstart.yaml"));

    assertThat(lines).allMatch(line -> line.matches("[a-z0-9-]+==[0-9][^ ;]*(; .*)?"));
    assertThat(lines)
        .filteredOn(
            line ->
                quickstart.contains("- " + name(line) + "==")
                    || quickstart.contains("- '" + name(line) + "=="))
        .hasSizeGreaterThan(30)
        .allMatch(quickstart::contains);
  }

  private static String name(String line) {
    return line.substring(0, line.indexOf("=="));
  }

  private JsonNode plan(String... ids) throws Exception {
    Path blocks = Files.writeString(folder.resolve("blocks.json"), BLOCKS);
    List<VisibleDevice> devices =
        Stream.of(ids).map(id -> new VisibleDevice(id, 85_000_000_000L)).toList();
    return new ObjectMapper()
        .readTree(VerifiedPlan.of(folder, blocks, new DeviceContext.BareProcess(devices)));
  }
}
