package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.PlacementSpec;
import io.evaljob.api.v1alpha1.TolerationSpec;
import io.evaljob.operator.validate.DeviceMemoryLabel;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * On which nodes a stage may run. Selector and tolerations hold for every stage, because one image
 * and one volume serve them all; the devices' memory only where devices are.
 */
final class StagePlacement {
  private static final long MEBI = 1024 * 1024;

  private StagePlacement() {}

  /** The runtime's labels win: they are the administrator's. */
  static Map<String, String> nodeSelector(StageContext context) {
    Map<String, String> selector = new TreeMap<>();
    context.spec().placementIfSet().map(PlacementSpec::nodeSelector).ifPresent(selector::putAll);
    selector.putAll(context.pod().nodeSelector());
    return selector;
  }

  static List<Toleration> tolerations(StageContext context) {
    Set<Toleration> tolerations = new LinkedHashSet<>();
    context.pod().tolerations().forEach(given -> tolerations.add(toleration(given)));
    context
        .spec()
        .placementIfSet()
        .ifPresent(
            placement ->
                placement.tolerations().forEach(given -> tolerations.add(toleration(given))));
    return new ArrayList<>(tolerations);
  }

  /**
   * Nodes whose devices report less memory than the plan counts on are left out, by the label of
   * NVIDIA's feature discovery. {@code Gt} compares whole numbers and is strict.
   */
  static Optional<Affinity> affinity(StageContext context) {
    PlanDocument.Devices devices = context.plan().devices();
    if (!context.runsBesideDevices() || devices.minMemoryBytes() == 0) {
      return Optional.empty();
    }
    long mebibytes = (devices.minMemoryBytes() + MEBI - 1) / MEBI;
    return DeviceMemoryLabel.of(devices.resourceName())
        .map(
            label ->
                new AffinityBuilder()
                    .withNewNodeAffinity()
                    .withNewRequiredDuringSchedulingIgnoredDuringExecution()
                    .addNewNodeSelectorTerm()
                    .addNewMatchExpression()
                    .withKey(label)
                    .withOperator("Gt")
                    .withValues(Long.toString(mebibytes - 1))
                    .endMatchExpression()
                    .endNodeSelectorTerm()
                    .endRequiredDuringSchedulingIgnoredDuringExecution()
                    .endNodeAffinity()
                    .build());
  }

  private static Toleration toleration(TolerationSpec given) {
    return new TolerationBuilder()
        .withKey(given.key())
        .withOperator(given.operatorOrDefault().name())
        .withValue(given.value())
        .withEffect(given.effectIfSet().map(Enum::name).orElse(null))
        .withTolerationSeconds(given.tolerationSeconds())
        .build();
  }
}
