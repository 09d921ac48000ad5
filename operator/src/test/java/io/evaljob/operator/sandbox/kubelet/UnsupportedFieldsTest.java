package io.evaljob.operator.sandbox.kubelet;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class UnsupportedFieldsTest {

  private static final String PLAIN =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: plain}
      spec:
        volumes:
        - {name: a, emptyDir: {}}
        - {name: b, configMap: {name: x}}
        - {name: c, secret: {secretName: x}}
        - {name: d, projected: {sources: []}}
        - {name: e, downwardAPI: {items: []}}
        - {name: f, persistentVolumeClaim: {claimName: x}}
        containers:
        - name: main
          readinessProbe: {tcpSocket: {port: 1}}
          livenessProbe: {httpGet: {port: 1}}
      """;

  @Test
  void whatIsThereIsNotRefused() {
    assertThatCode(() -> UnsupportedFields.refuse(read(PLAIN))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatIsNotThereIsNamed(String spec, String named) {
    String text = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: " + spec;
    assertThatThrownBy(() -> UnsupportedFields.refuse(read(text)))
        .isInstanceOf(PodRejection.class)
        .hasMessageContaining(" does not have " + named)
        .hasMessageEndingWith("Remove it from the pod, or run the pod on another node");
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        Arguments.of("{containers: [{name: a}, {name: b}]}", "2 containers in one pod."),
        Arguments.of("{initContainers: [{name: i}], containers: [{name: a}]}", "init containers."),
        Arguments.of("{hostNetwork: true, containers: [{name: a}]}", "namespaces of the host"),
        Arguments.of("{hostPID: true, containers: [{name: a}]}", "namespaces of the host"),
        Arguments.of(
            "{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a}]}",
            "hostPath volumes (volume v; there are emptyDir,"),
        Arguments.of(
            "{volumes: [{name: v, nfs: {path: /, server: s}}], containers: [{name: a}]}",
            "volumes but of six types (volume v;"),
        Arguments.of(
            "{volumes: [{name: v, projected: {sources: [{clusterTrustBundle: {path: x}}]}}],"
                + " containers: [{name: a}]}",
            "certificates in projected volumes (volume v)."),
        Arguments.of(
            "{containers: [{name: a, securityContext: {privileged: true}}]}",
            "privileged containers."),
        Arguments.of(
            "{containers: [{name: a, lifecycle: {preStop: {exec: {command: [x]}}}}]}",
            "lifecycle hooks."),
        Arguments.of(
            "{containers: [{name: a, envFrom: [{configMapRef: {name: x}}]}]}", "envFrom (name"),
        Arguments.of(
            "{containers: [{name: a, env: [{name: X, valueFrom: {resourceFieldRef:"
                + " {resource: limits.cpu}}}]}]}",
            "variables from resourceFieldRef."),
        Arguments.of(
            "{containers: [{name: a, volumeDevices: [{name: v, devicePath: /x}]}]}",
            "block devices."),
        Arguments.of(
            "{containers: [{name: a, volumeMounts: [{name: v, mountPath: /x, subPathExpr: y}]}]}",
            "subPathExpr (subPath is there)."),
        Arguments.of(
            "{containers: [{name: a, startupProbe: {exec: {command: [x]}}}]}",
            "probes but httpGet"),
        Arguments.of(
            "{containers: [{name: a, livenessProbe: {httpGet: {port: 1, scheme: HTTPS}}}]}",
            "probes but httpGet"));
  }

  private static Pod read(String text) {
    return new KubernetesSerialization().unmarshal(text, Pod.class);
  }
}
