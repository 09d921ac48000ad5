package io.evaljob.operator.testbed.node;

import io.evaljob.operator.testbed.Edits;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeConditionBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The objects by which the cluster knows a node: its Node and the Lease that it renews. */
final class NodeObject {

  private static final String LEASES = "kube-node-lease";
  private static final int LEASE_SECONDS = 40;

  private final KubernetesClient client;
  private final NodeDescription description;

  NodeObject(KubernetesClient client, NodeDescription description) {
    this.client = client;
    this.description = description;
  }

  /** Registers the node, Ready; its taints go when the cluster has seen that. */
  void register() {
    Node node =
        new NodeBuilder()
            .withNewMetadata()
            .withName(description.name())
            .addToLabels(labels())
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .build();
    client.resource(node).createOr(NonDeletingOperation::update);
    // The cluster may put a taint on it meanwhile.
    Edits.untilWritten(this::writeStatus);
    beat();
  }

  private Node writeStatus() {
    Map<String, Quantity> amounts = amounts();
    return client
        .nodes()
        .withName(description.name())
        .editStatus(
            current ->
                new NodeBuilder(current)
                    .editOrNewStatus()
                    .withCapacity(amounts)
                    .withAllocatable(amounts)
                    .withConditions(conditions())
                    .withAddresses()
                    .addNewAddress("127.0.0.1", "InternalIP")
                    .addNewAddress(description.name(), "Hostname")
                    .withNewNodeInfo()
                    .withOperatingSystem("linux")
                    .withArchitecture("amd64")
                    .withKubeletVersion("v1.37.2-processes")
                    .withContainerRuntimeVersion("process://0")
                    .withKernelVersion("")
                    .withMachineID("")
                    .withSystemUUID("")
                    .withBootID("")
                    .withOsImage("processes of one machine")
                    .withKubeProxyVersion("")
                    .endNodeInfo()
                    .endStatus()
                    .build());
  }

  /** Renews the lease, as a sign of life. */
  void beat() {
    ZonedDateTime now = ZonedDateTime.now(ZoneOffset.UTC);
    Lease lease =
        new LeaseBuilder()
            .withNewMetadata()
            .withName(description.name())
            .withNamespace(LEASES)
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(description.name())
            .withLeaseDurationSeconds(LEASE_SECONDS)
            .withRenewTime(now)
            .endSpec()
            .build();
    client.resource(lease).createOr(NonDeletingOperation::update);
  }

  /** True when pods may be placed here. */
  boolean isSchedulable() {
    Node node = client.nodes().withName(description.name()).get();
    return node != null && node.getSpec().getTaints().isEmpty();
  }

  void delete() {
    try {
      client.nodes().withName(description.name()).delete();
      client.leases().inNamespace(LEASES).withName(description.name()).delete();
    } catch (KubernetesClientException e) {
      throw new IllegalStateException("node " + description.name() + " was not deleted", e);
    }
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put("kubernetes.io/hostname", description.name());
    labels.put("kubernetes.io/os", "linux");
    labels.put("kubernetes.io/arch", "amd64");
    if (!description.devices().isEmpty()) {
      labels.put("nvidia.com/gpu.present", "true");
      labels.put("nvidia.com/gpu.count", String.valueOf(description.devices().size()));
      labels.put("nvidia.com/gpu.memory", String.valueOf(description.deviceMemoryMebibytes()));
      labels.put("nvidia.com/gpu.product", description.product());
    }
    return labels;
  }

  private Map<String, Quantity> amounts() {
    Map<String, Quantity> amounts = new LinkedHashMap<>();
    amounts.put("cpu", new Quantity("64"));
    amounts.put("memory", new Quantity("512Gi"));
    amounts.put("ephemeral-storage", new Quantity("1Ti"));
    amounts.put("pods", new Quantity("110"));
    if (!description.devices().isEmpty()) {
      amounts.put(
          NodeDescription.RESOURCE, new Quantity(String.valueOf(description.devices().size())));
    }
    return amounts;
  }

  private static List<NodeCondition> conditions() {
    return List.of(
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID"),
        condition("Ready", "True", "KubeletReady"));
  }

  private static NodeCondition condition(String type, String status, String reason) {
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    return new NodeConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason(reason)
        .withMessage("processes of one machine")
        .withLastHeartbeatTime(now)
        .withLastTransitionTime(now)
        .build();
  }
}
