package io.evaljob.operator.bench;

import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.OwnPlane;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A control plane with nodes that kwok plays, a runtime, and namespaces to evaluate in. */
final class BenchCluster implements AutoCloseable {

  static final int NODES = 4;

  /** kwok's part: a pod of ours runs at once, and ends after a second unless it has to report. */
  private static final String STAGES =
      """
      apiVersion: kwok.x-k8s.io/v1alpha1
      kind: Stage
      metadata: {name: node-is-ready}
      spec:
        resourceRef: {apiGroup: v1, kind: Node}
        selector:
          matchExpressions:
          - {key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"]}
        next:
          statusTemplate: |
            {{ $now := Now }}
            conditions:
            {{ range NodeConditions }}
            - lastHeartbeatTime: {{ $now | Quote }}
              lastTransitionTime: {{ $now | Quote }}
              message: {{ .message | Quote }}
              reason: {{ .reason | Quote }}
              status: {{ .status | Quote }}
              type: {{ .type | Quote }}
            {{ end }}
            phase: Running
      ---
      apiVersion: kwok.x-k8s.io/v1alpha1
      kind: Stage
      metadata: {name: pod-runs}
      spec:
        resourceRef: {apiGroup: v1, kind: Pod}
        selector:
          matchLabels: {bench: played}
          matchExpressions:
          - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
          - {key: .status.phase, operator: In, values: [Pending]}
        next:
          statusTemplate: |
            {{ $now := Now }}
            phase: Running
            startTime: {{ $now | Quote }}
            conditions:
            - {type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }}}
            containerStatuses:
            {{ range .spec.containers }}
            - name: {{ .name | Quote }}
              image: {{ .image | Quote }}
              imageID: registry.example/eval@sha256:0123456789012345678901234567890123456789012345678901234567890123
              ready: true
              restartCount: 0
              state: {running: {startedAt: {{ $now | Quote }}}}
            {{ end }}
      ---
      apiVersion: kwok.x-k8s.io/v1alpha1
      kind: Stage
      metadata: {name: pod-ends}
      spec:
        resourceRef: {apiGroup: v1, kind: Pod}
        selector:
          matchLabels: {bench: played}
          matchExpressions:
          - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
          - {key: .status.phase, operator: In, values: [Running]}
          - {key: '.metadata.labels["evaljob.io/stage"]', operator: NotIn, values: [REPORTING]}
        delay: {durationMilliseconds: 1000}
        next:
          statusTemplate: |
            {{ $now := Now }}
            phase: Succeeded
            containerStatuses:
            {{ range .spec.containers }}
            - name: {{ .name | Quote }}
              image: {{ .image | Quote }}
              imageID: registry.example/eval@sha256:0123456789012345678901234567890123456789012345678901234567890123
              ready: false
              restartCount: 0
              state:
                terminated:
                  exitCode: 0
                  reason: Completed
                  startedAt: {{ $now | Quote }}
                  finishedAt: {{ $now | Quote }}
                  message: '{"schemaVersion":"1","outcome":"Succeeded","datasetsDone":1,"datasetsTotal":1,"samplesDone":12,"samplesTotal":12}'
            {{ end }}
      """;

  private static final String RUNTIME =
      """
      apiVersion: evaljob.io/v1alpha1
      kind: EvalRuntime
      metadata: {name: bench}
      spec:
        harness: Command
        command: {args: [python3, /opt/evaluate.py]}
        image: registry.example/evaluate:1
        pod:
          labels: {bench: played}
          securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000}
        resources:
          prefetch: {cpu: 1m, memory: 1Mi}
          infer: {cpu: 1m, memory: 1Mi}
          score: {cpu: 1m, memory: 1Mi}
        allow: {namespaceSelector: {}, claimNames: ["*"]}
      """;

  private static final String NODE =
      """
      apiVersion: v1
      kind: Node
      metadata:
        name: NAME
        annotations: {kwok.x-k8s.io/node: fake}
        labels: {kubernetes.io/hostname: NAME, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
      """;

  private static final String CLAIM =
      """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: workspace, namespace: NAMESPACE}
      spec:
        accessModes: [ReadWriteMany]
        storageClassName: ""
        volumeName: NAMESPACE
        resources: {requests: {storage: 1Ti}}
      ---
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: NAMESPACE}
      spec:
        accessModes: [ReadWriteMany]
        capacity: {storage: 1Ti}
        persistentVolumeReclaimPolicy: Retain
        nfs: {server: 192.0.2.1, path: /}
      """;

  private final OwnPlane plane;

  private BenchCluster(OwnPlane plane) {
    this.plane = plane;
  }

  static BenchCluster start() throws IOException {
    OwnPlane plane = OwnPlane.start("bench");
    BenchCluster cluster = new BenchCluster(plane);
    try {
      cluster.prepare();
      return cluster;
    } catch (IOException | RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private void prepare() throws IOException {
    plane.cluster().installOperator();
    Path stages = plane.folder().resolve("stages.yaml");
    // The last stage of a run is ended by whoever reports its scores.
    Files.writeString(stages, STAGES.replace("REPORTING", "score"));
    plane.run(
        "kwok",
        List.of(
            "--kubeconfig=" + plane.cluster().kubeconfig(),
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--config=" + stages,
            "--node-lease-duration-seconds=40",
            "--v=WARN"));
    for (int i = 1; i <= NODES; i++) {
      node("node-" + i);
    }
    admin().resource(RUNTIME).create();
  }

  private void node(String name) {
    admin().resource(NODE.replace("NAME", name)).create();
    String amounts =
        "{\"cpu\":\"1k\",\"memory\":\"16Ti\",\"pods\":\"40k\",\"nvidia.com/gpu\":\"4k\"}";
    admin()
        .nodes()
        .withName(name)
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"status\":{\"capacity\":" + amounts + ",\"allocatable\":" + amounts + "}}");
  }

  /** A new namespace with a bound claim to work in. */
  String namespace(String prefix) {
    String name = plane.cluster().namespace(prefix);
    for (String object : CLAIM.replace("NAMESPACE", name).split("---\n", -1)) {
      admin().resource(object).create();
    }
    return name;
  }

  /** Watches the Jobs of a namespace. */
  SharedIndexInformer<Job> jobs(String namespace, Consumer<Job> seen) {
    return admin().batch().v1().jobs().inNamespace(namespace).inform(new Seen<>(seen));
  }

  /** Starts a program that ends with this JVM at the latest, with nothing but this environment. */
  OwnPlane.Leashed leash(String name, List<String> command, Map<String, String> environment) {
    return plane.start(name, command, environment);
  }

  Etcd etcd() {
    return new Etcd(plane.cluster().processes().etcd());
  }

  ControlPlane control() {
    return plane.cluster();
  }

  Path folder() {
    return plane.folder();
  }

  KubernetesClient admin() {
    return plane.cluster().admin();
  }

  @Override
  public void close() {
    plane.close();
  }
}
