package io.evaljob.operator.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The fixture itself: what all other tests on it take for granted. */
@RealCluster(ours = true)
class ControlPlaneTest {

  private final ControlPlane cluster;

  ControlPlaneTest(ControlPlane cluster) {
    this.cluster = cluster;
  }

  @Test
  void ownerReferencesAreCollected() {
    String namespace = cluster.namespace("fixture");
    KubernetesClient client = cluster.admin();
    var owner =
        client
            .resource(
                new ConfigMapBuilder()
                    .withNewMetadata()
                    .withName("owner")
                    .withNamespace(namespace)
                    .endMetadata()
                    .build())
            .create();
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("child")
                .withNamespace(namespace)
                .addNewOwnerReference()
                .withApiVersion("v1")
                .withKind("ConfigMap")
                .withName("owner")
                .withUid(owner.getMetadata().getUid())
                .endOwnerReference()
                .endMetadata()
                .build())
        .create();
    client.resource(owner).delete();
    await().until(() -> client.configMaps().inNamespace(namespace).withName("child").get() == null);
  }

  @Test
  void theOperatorsAccountHasItsRightsAndNoMore() {
    cluster.installOperator();
    String namespace = cluster.namespace("fixture");
    try (KubernetesClient operator =
        cluster.clientOf(
            ControlPlane.OPERATOR_NAMESPACE, ControlPlane.OPERATOR_ACCOUNT, "curious", Map.of())) {
      assertThat(operator.batch().v1().jobs().inNamespace(namespace).list().getItems()).isEmpty();
      assertThatThrownBy(() -> operator.secrets().inNamespace(namespace).list())
          .isInstanceOf(KubernetesClientException.class)
          .hasMessageContaining("forbidden");
    }
  }

  @Test
  void objectsSurviveARestartOfTheApiServer() {
    String namespace = cluster.namespace("fixture");
    cluster.processes().stopApiServer();
    cluster.processes().startApiServer();
    assertThat(cluster.admin().namespaces().withName(namespace).get()).isNotNull();
  }

  @Test
  void requestsOfTheOperatorAreAudited() {
    cluster.installOperator();
    try (KubernetesClient operator = cluster.operatorClient(Map.of())) {
      operator.namespaces().list();
    }
    assertThat(cluster.processes().auditLog())
        .content()
        .contains("system:serviceaccount:evaljob-system:evaljob-operator");
  }
}
