package io.evaljob.operator.plan;

import static io.evaljob.operator.plan.Models.GIB;
import static io.evaljob.operator.plan.Models.allowing;
import static io.evaljob.operator.plan.Models.large;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Device maps given by hand. */
class DeviceMapTest {

  private static final String MAP = "spec.models[base].deviceMap";

  /** Half of the layers on each of two devices. */
  private static Map<String, String> halves() {
    Map<String, String> map = new HashMap<>();
    map.put("vision_model", "0");
    map.put("mlp1", "0");
    map.put("language_model.model.embed_tokens", "0");
    map.put("language_model.model.norm", "1");
    map.put("language_model.lm_head", "1");
    map.put("language_model.model.rotary_emb", "0");
    for (int layer = 0; layer < 80; layer++) {
      map.put("language_model.model.layers." + layer, layer < 34 ? "0" : "1");
    }
    return map;
  }

  private static Map<String, String> changed(String module, String device) {
    Map<String, String> map = halves();
    if (device == null) {
      map.remove(module);
    } else {
      map.put(module, device);
    }
    return map;
  }

  @Test
  void isUsedAsGiven() {
    ModelPlan plan = Requests.splittable(large()).map(halves()).minMemory(100 * GIB).planned();

    assertThat(plan.strategy()).isEqualTo(PlannedStrategy.DeviceMap);
    assertThat(plan.devicesPerProcess()).isEqualTo(2);
    SplitPlan split = plan.split().orElseThrow();
    assertThat(split.deviceMap()).containsEntry("language_model.model.layers.79", 1).hasSize(86);
    assertThat(split.devices())
        .extracting(DeviceLoad::weightsBytes)
        .containsExactly(
            11_072_992_000L + 344_016_896L + 2_485_026_816L + 34 * 1_755_369_472L,
            46 * 1_755_369_472L + 16_384L + 2_485_026_816L);
  }

  @Test
  void longestEntryWins() {
    Map<String, String> map =
        Map.of(
            "", "0",
            "language_model", "1",
            "language_model.model.embed_tokens", "0",
            "language_model.model.layers.7", "0");
    SplitPlan split = Requests.splittable(large()).map(map).planned().split().orElseThrow();

    assertThat(split.devices().get(0).weightsBytes())
        .isEqualTo(11_072_992_000L + 344_016_896L + 2_485_026_816L + 1_755_369_472L);
  }

  @Test
  void longestEntryWinsOverAllNamesOfAModule() {
    Block layers = new Block(Role.Layers, 2, GIB, 0, List.of("a.b", "decoder.layers"));
    ModelFacts facts = Models.blocks(allowing(large()), List.of(layers));
    Map<String, String> map = Map.of("a", "1", "decoder.layers.0", "0");
    SplitPlan split = Requests.splittable(facts).map(map).planned().split().orElseThrow();

    assertThat(split.devices()).extracting(DeviceLoad::weightsBytes).containsExactly(GIB, GIB);
  }

  @Test
  void loadsHoldCacheActivationsLogitsAndWorkspace() {
    SplitPlan split =
        Requests.splittable(large())
            .map(halves())
            .split(new SplitRequest(SplitStrategy.Auto, 1000, 0))
            .planned()
            .split()
            .orElseThrow();

    assertThat(split.devices())
        .extracting(device -> device.loadBytes() - device.weightsBytes())
        .containsExactly(
            1000L * 34 * 4096 + 3 * GIB + GIB, 1000L * 46 * 4096 + 1000L * 608_256 + GIB);
  }

  @Test
  void anyNameOfAModuleCounts() {
    Map<String, String> map = changed("vision_model", null);
    map.put("visual", "0");

    assertThat(Requests.splittable(large()).map(map).planned().devicesPerProcess()).isEqualTo(2);
  }

  @Test
  void partsOfABlockOnTheSameDeviceCoverIt() {
    Map<String, String> map = changed("vision_model", null);
    map.put("vision_model.embeddings", "0");
    map.put("vision_model.encoder", "0");

    assertThat(Requests.splittable(large()).map(map).planned().devicesPerProcess()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mlp1 | '' | DeviceMapIncomplete",
        "language_model.model.layers.40 | '' | DeviceMapIncomplete",
        "language_model.model.layers.80 | 1 | DeviceMapUnknownModule",
        "vision_modle | 0 | DeviceMapUnknownModule",
        "language_model.model.layers.9 | 2 | DeviceMapRange",
        "language_model.model.layers.9 | 4 | DeviceMapRange",
        "language_model.model.layers.9 | cpu | DeviceMapRange",
        "language_model.model.layers.9 | disk | DeviceMapRange",
        "language_model.model.layers.9 | -1 | DeviceMapRange",
        "language_model.model.layers.9.mlp | 1 | DeviceMapCutsBlock",
        "vision_model | 1 | DeviceMapInputDevice",
        "language_model.model.embed_tokens | 1 | DeviceMapInputDevice",
      })
  void refuses(String module, String device, RefusalReason reason) {
    Map<String, String> map = changed(module, device.isEmpty() ? null : device);

    List<Refusal> refusals = Requests.splittable(large()).devices(2).map(map).refused();

    assertThat(refusals).extracting(Refusal::reason).containsExactly(reason);
    assertThat(refusals.get(0).field()).startsWith(MAP);
  }

  @Test
  void hostIndexIsRefusedWithTheReason() {
    Map<String, String> map = changed("mlp1", "4");

    assertThat(Requests.messages(Requests.splittable(large()).devices(2).map(map).plan()))
        .containsExactly(
            MAP
                + "[mlp1]: 4 is beyond the 2 devices of a process, which it counts from 0"
                + " whichever cards they are; use 0 to 1, or raise devicesPerProcess");
  }

  @Test
  void missingModulesAreCountedOnce() {
    Map<String, String> map = Map.of("vision_model", "0", "mlp1", "0");

    assertThat(Requests.messages(Requests.splittable(large()).devices(2).map(map).plan()))
        .containsExactly(
            MAP
                + " gives no device to language_model.model.embed_tokens and 82 more modules; name"
                + " every module of the model or one around it");
  }

  @Test
  void idleDeviceIsRefused() {
    assertThat(Requests.splittable(large()).devices(4).map(halves()).refused())
        .extracting(Refusal::message)
        .containsExactly(
            MAP
                + " leaves device 2 of 4 without a block; number the devices it uses from 0 and"
                + " set devicesPerProcess to 2");
  }

  @Test
  void mapThatDoesNotFitIsRefused() {
    assertThat(Requests.splittable(large()).map(halves()).minMemory(75 * GIB).refused())
        .extracting(Refusal::message)
        .containsExactly(
            MAP
                + " needs 78.5 GiB on device 1 and 75.0 GiB are usable; move modules to other"
                + " devices, or remove the map to have one planned");
  }

  @Test
  void countMustBeOneTheModelCanUse() {
    assertThat(Requests.splittable(allowing(large(), 4)).map(halves()).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceCountNotAllowed);
  }

  @Test
  void tiedHeadStaysWithItsEmbedding() {
    ModelFacts facts =
        new ModelFacts(
            "tied",
            large().blocks(),
            large().attentionHeads(),
            large().keyValueHeads(),
            List.of(),
            true,
            Activations.NONE);

    assertThat(Requests.splittable(facts).map(halves()).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceMapTiedHead);
    Map<String, String> without = changed("language_model.lm_head", null);
    assertThat(Requests.splittable(facts).map(without).planned().devicesPerProcess()).isEqualTo(2);
  }

  @Test
  void withoutProfileOnlyTheRangeIsChecked() {
    Map<String, String> map = Map.of("a", "0", "b", "1");
    ModelPlan plan = Requests.plain().map(map).planned();

    assertThat(plan.devicesPerProcess()).isEqualTo(2);
    assertThat(plan.notes()).hasSize(2).anyMatch(note -> note.contains("coverage"));
    assertThat(Requests.plain().devices(1).map(map).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceMapRange);
  }

  @ParameterizedTest
  @CsvSource({
    "Transformers, true,  None",
    "Transformers, true,  TensorParallel",
    "Transformers, false, Auto",
    "SingleDevice, false, Auto",
    "VLLM,         true,  Auto"
  })
  void needsALoaderThatTakesOne(Loader loader, boolean canSplit, SplitStrategy strategy) {
    assertThat(
            Requests.splittable(large())
                .loader(loader, canSplit)
                .strategy(strategy)
                .map(halves())
                .refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceMapNotSupported);
  }

  @Test
  void isRefusedOnCpuAndWithACommand() {
    assertThat(Requests.splittable(large()).devices(0).map(halves()).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceMapNotSupported);
    assertThat(Requests.splittable(large()).dialect(Dialect.Command).map(halves()).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceMapNotSupported);
    assertThat(Requests.plain().map(Map.of()).refused())
        .extracting(Refusal::reason)
        .containsExactly(RefusalReason.DeviceMapIncomplete);
  }
}
