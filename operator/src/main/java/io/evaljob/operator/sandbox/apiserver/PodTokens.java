package io.evaljob.operator.sandbox.apiserver;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatusBuilder;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tokens bound to one pod and one audience, and their review. They are kept in memory: no pod
 * outlives the process that gave them out.
 */
public final class PodTokens {

  private record Grant(
      String namespace,
      String serviceAccount,
      String podName,
      String podUid,
      String audience,
      Instant expires) {}

  private final Map<String, Grant> grants = new ConcurrentHashMap<>();
  private final SecureRandom random = new SecureRandom();
  private final Clock clock;

  /** Measures the life of tokens with {@code clock}. */
  public PodTokens(Clock clock) {
    this.clock = clock;
  }

  /** A new token of 256 random bits that lives for {@code life}. */
  public String issue(
      String namespace,
      String serviceAccount,
      String podName,
      String podUid,
      String audience,
      Duration life) {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    String token = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    Instant now = clock.instant();
    grants.values().removeIf(grant -> grant.expires().isBefore(now));
    grants.put(
        token, new Grant(namespace, serviceAccount, podName, podUid, audience, now.plus(life)));
    return token;
  }

  /** Ends every token of a pod that is gone. */
  public void revoke(String podUid) {
    grants.values().removeIf(grant -> grant.podUid().equals(podUid));
  }

  /** Answers a review as the API server does: audiences asked for and held in common, or none. */
  TokenReview review(TokenReview asked) {
    return new TokenReviewBuilder(asked).withStatus(status(asked)).build();
  }

  private TokenReviewStatus status(TokenReview asked) {
    String token = asked.getSpec() == null ? null : asked.getSpec().getToken();
    Grant grant = token == null ? null : grants.get(token);
    if (grant == null || !clock.instant().isBefore(grant.expires())) {
      return refused("the token is unknown or has expired");
    }
    List<String> audiences = asked.getSpec().getAudiences();
    if (audiences == null || !audiences.contains(grant.audience())) {
      return refused("the token is not for this audience");
    }
    return new TokenReviewStatusBuilder()
        .withAuthenticated(true)
        .withAudiences(grant.audience())
        .withNewUser()
        .withUsername("system:serviceaccount:" + grant.namespace() + ":" + grant.serviceAccount())
        .withGroups(
            "system:serviceaccounts",
            "system:serviceaccounts:" + grant.namespace(),
            "system:authenticated")
        .addToExtra("authentication.kubernetes.io/pod-name", List.of(grant.podName()))
        .addToExtra("authentication.kubernetes.io/pod-uid", List.of(grant.podUid()))
        .endUser()
        .build();
  }

  private static TokenReviewStatus refused(String why) {
    return new TokenReviewStatusBuilder().withAuthenticated(false).withError(why).build();
  }
}
