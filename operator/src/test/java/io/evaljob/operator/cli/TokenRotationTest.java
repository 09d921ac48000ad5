package io.evaljob.operator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.operator.testbed.ControlPlane;
import io.evaljob.operator.testbed.RealCluster;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.utils.TokenRefreshInterceptor;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens of pods live an hour; the kubelet writes new ones into the same file. */
@RealCluster(ours = true)
class TokenRotationTest {

  private final ControlPlane plane;
  private final Map<String, String> before = new HashMap<>();

  TokenRotationTest(ControlPlane plane) {
    this.plane = plane;
  }

  @AfterEach
  void restoreProperties() {
    before.forEach(
        (name, value) -> {
          if (value == null) {
            System.clearProperty(name);
          } else {
            System.setProperty(name, value);
          }
        });
  }

  @Test
  void aTokenThatHasEndedIsReadAgainFromItsFile(@TempDir Path folder) throws IOException {
    plane.installOperator();
    Secret first = bound();
    Secret second = bound();
    Path file = folder.resolve("token");
    Files.writeString(file, tokenBoundTo(first));
    asInAPod(folder, file);
    Config config = OperatorService.cluster("test");
    try (KubernetesClient young = clientSince(config, Instant.now())) {
      assertThat(young.resources(EvalJob.class).inAnyNamespace().list()).isNotNull();
    }

    Files.writeString(file, tokenBoundTo(second));
    plane.admin().resource(first).delete();
    awaitRefused(config);

    try (KubernetesClient old = clientSince(config, Instant.now().minusSeconds(120))) {
      assertThat(old.resources(EvalJob.class).inAnyNamespace().list()).isNotNull();
    } finally {
      plane.admin().resource(second).delete();
    }
  }

  /**
   * A client that has read its token at that time. The library reads it again every minute, and
   * does not wait to be refused: the API server ends the whole connection then.
   */
  private static KubernetesClient clientSince(Config config, Instant time) {
    JdkHttpClientFactory factory = new JdkHttpClientFactory();
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(factory)
        .withHttpClientBuilderConsumer(
            http ->
                http.addOrReplaceInterceptor(
                    TokenRefreshInterceptor.NAME,
                    new TokenRefreshInterceptor(config, factory, time)))
        .build();
  }

  /** A token ends with the object it is bound to, as one of a pod ends with the pod. */
  private Secret bound() {
    return plane
        .admin()
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withGenerateName("bound-")
                .withNamespace(ControlPlane.OPERATOR_NAMESPACE)
                .endMetadata()
                .build())
        .create();
  }

  private String tokenBoundTo(Secret secret) {
    return plane
        .admin()
        .serviceAccounts()
        .inNamespace(ControlPlane.OPERATOR_NAMESPACE)
        .withName(ControlPlane.OPERATOR_ACCOUNT)
        .tokenRequest(
            new TokenRequestBuilder()
                .withNewSpec()
                .withExpirationSeconds(3600L)
                .withNewBoundObjectRef()
                .withApiVersion("v1")
                .withKind("Secret")
                .withName(secret.getMetadata().getName())
                .withUid(secret.getMetadata().getUid())
                .endBoundObjectRef()
                .endSpec()
                .build())
        .getStatus()
        .getToken();
  }

  /** What a pod has in its environment and its file system, as properties of this JVM. */
  private void asInAPod(Path folder, Path token) throws IOException {
    Config config = plane.admin().getConfiguration();
    URI server = URI.create(config.getMasterUrl());
    Path authority = folder.resolve("ca.crt");
    Files.write(authority, Base64.getDecoder().decode(config.getCaCertData()));
    set("KUBERNETES_SERVICE_HOST", server.getHost());
    set("KUBERNETES_SERVICE_PORT", Integer.toString(server.getPort()));
    set(Config.KUBERNETES_CA_CERTIFICATE_FILE_SYSTEM_PROPERTY, authority.toString());
    set(Config.KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN_FILE_SYSTEM_PROPERTY, token.toString());
  }

  private void set(String property, String value) {
    before.put(property, System.setProperty(property, value));
  }

  /** The API server believes a token for some seconds after it has ended. */
  private static void awaitRefused(Config config) {
    Config impatient = new ConfigBuilder(config).withRequestRetryBackoffLimit(0).build();
    await()
        .untilAsserted(
            () -> {
              try (KubernetesClient client = clientSince(impatient, Instant.now())) {
                assertThatThrownBy(() -> client.resources(EvalJob.class).inAnyNamespace().list())
                    .isInstanceOf(KubernetesClientException.class);
              }
            });
  }
}
