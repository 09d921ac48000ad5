package io.evaljob.operator.testbed.node;

import io.evaljob.operator.sandbox.kubelet.TokenSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Tokens of the TokenRequest API, bound to their pods: they end when the pod is deleted. */
record RequestedTokens(KubernetesClient client) implements TokenSource {

  @Override
  public String issue(Pod pod, String audience, Duration life) throws IOException {
    TokenRequest request =
        new TokenRequestBuilder()
            .withNewSpec()
            .withAudiences(audience.isEmpty() ? List.of() : List.of(audience))
            .withExpirationSeconds(life.toSeconds())
            .withNewBoundObjectRef(
                "v1", "Pod", pod.getMetadata().getName(), pod.getMetadata().getUid())
            .endSpec()
            .build();
    try {
      return client
          .serviceAccounts()
          .inNamespace(pod.getMetadata().getNamespace())
          .withName(pod.getSpec().getServiceAccountName())
          .tokenRequest(request)
          .getStatus()
          .getToken();
    } catch (KubernetesClientException e) {
      throw new IOException("no token for pod " + pod.getMetadata().getName(), e);
    }
  }

  @Override
  public void revoke(Pod pod) {
    // The API server sees the pod go.
  }
}
