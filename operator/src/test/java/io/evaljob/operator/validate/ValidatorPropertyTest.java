package io.evaljob.operator.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.operator.plan.DeviceContext;
import io.evaljob.operator.plan.Refusal;
import io.evaljob.operator.plan.VisibleDevice;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Specs put together from right and wrong parts: every one gets an answer. */
class ValidatorPropertyTest {
  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: runtime}
      spec:
        harness: VLMEvalKit
        vlmevalkit: {dialect: AutoDeviceMap}
        image: registry.example/eval:1
        allow: {namespaceSelector: {}, envNames: ["*"], nodeSelectorKeys: [a]}
        limits: {maxDevicesPerEvalJob: 8}
      """;

  @Provide
  Arbitrary<String> specs() {
    Arbitrary<String> models =
        Arbitraries.of(
                "{name: a}",
                "{name: b, devicesPerProcess: 0}",
                "{name: c, devicesPerProcess: -1, processes: 0}",
                "{name: d, devicesPerProcess: 100000, processes: 100000}",
                "{name: e, profileName: nobody}",
                "{name: f, hub: {}}",
                "{name: g, volume: {}}",
                "{name: h, deviceMap: {x: 9, y: null}}",
                "{}",
                "{name: i, volume: {name: v, path: ..}}")
            .list()
            .ofMaxSize(3)
            .map(list -> "models: [" + String.join(", ", list) + "]\n");
    Arbitrary<String> rest =
        Arbitraries.of(
                "runtimeRef: {name: runtime}\n",
                "datasets: [{name: A}, {name: VDC}]\n",
                "accelerator: {resourceName: '', minMemory: many}\n",
                "accelerator: {minMemory: 99999999999999999999Gi}\n",
                "accelerator: {resourceName: nvidia.com/mig-1g.10gb, processes: 3}\n",
                "split: {strategy: Later, reservePercent: 900}\n",
                "storage: {workspace: {}, cache: {}, volumes: [{}, {name: v}]}\n",
                "hubTokenSecretRef: {}\n",
                "env: [{name: RANK}, {name: RANK}]\n",
                "env: [{}]\n",
                "maxConcurrentModels: 0\n",
                "placement: {nodeSelector: {b: c}, tolerations: [{}]}\n",
                "resources: {infer: {memory: x, sharedMemory: '-1'}, score: {}}\n",
                "scoring: {mode: Later}\n",
                "smokeTest: {}\n")
            .set()
            .ofMaxSize(8)
            .map(parts -> distinctKeys(parts.stream().sorted().toList()));
    return models.flatMap(text -> rest.map(more -> text + more));
  }

  private static String distinctKeys(List<String> parts) {
    StringBuilder text = new StringBuilder();
    String before = "";
    for (String part : parts) {
      String key = part.substring(0, part.indexOf(':'));
      if (!key.equals(before)) {
        text.append(part);
      }
      before = key;
    }
    return text.toString();
  }

  @Provide
  Arbitrary<DeviceContext> contexts() {
    return Arbitraries.of(
        new DeviceContext.RequestedInPod(),
        new DeviceContext.BareProcess(List.of()),
        new DeviceContext.BareProcess(
            List.of(new VisibleDevice("4", 0), new VisibleDevice("4", 1))));
  }

  @Property(tries = 500)
  void everySpecGetsAnAnswerThatSaysWhatToDo(
      @ForAll("specs") String spec, @ForAll("contexts") DeviceContext devices) {
    Manifests manifests =
        Manifests.of(
            RUNTIME,
            "apiVersion: evaljob.io/v1alpha1\nkind: EvalJob\nmetadata: {name: job}\nspec:\n"
                + spec.indent(2));
    Validation validation = manifests.validate(manifests.job(), devices);
    assertThat(manifests.validate(manifests.job(), devices)).isEqualTo(validation);
    if (validation instanceof Validation.Invalid invalid) {
      assertThat(invalid.refusals()).isNotEmpty().doesNotHaveDuplicates();
      for (Refusal refusal : invalid.refusals()) {
        assertThat(refusal.field()).isNotBlank();
        assertThat(refusal.why()).isNotBlank();
        assertThat(refusal.remedy()).isNotBlank();
        assertThat(refusal.message()).doesNotContain("null").doesNotContain("\n");
      }
    } else if (validation instanceof Validation.Missing missing) {
      assertThat(missing.message()).contains("; ");
    }
  }
}
