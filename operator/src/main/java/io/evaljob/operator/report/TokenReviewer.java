package io.evaljob.operator.report;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks the API server who a token belongs to. Verdicts are kept by the token's SHA-256, never the
 * token: good ones 60 s, so a token that was revoked lives at most that long here; bad ones 10 s,
 * so that a client that insists costs no request each time.
 */
final class TokenReviewer {
  static final String AUDIENCE = "evaljob-report";

  private static final Duration GOOD = Duration.ofSeconds(60);
  private static final Duration BAD = Duration.ofSeconds(10);
  private static final int CACHED = 20_000;
  private static final int MAX_TOKEN = 8 * 1024;
  private static final Pattern SERVICE_ACCOUNT =
      Pattern.compile("system:serviceaccount:([^:]+):[^:]+");

  private final KubernetesClient client;
  private final Clock clock;
  private final RateLimiter questions;
  private final Map<String, Kept> verdicts = BoundedMap.synchronizedOf(CACHED);

  private record Kept(TokenVerdict verdict, Instant until) {}

  TokenReviewer(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
    this.questions = new RateLimiter(clock, 40, 5);
  }

  /**
   * Who the token belongs to.
   *
   * @param from address that sent it: an address that keeps inventing tokens is not looked up
   */
  TokenVerdict review(String token, InetAddress from) {
    if (token.isEmpty() || token.length() > MAX_TOKEN) {
      return new TokenVerdict.Rejected("the token has no usable length");
    }
    String key = sha256(token);
    Instant now = clock.instant();
    Kept kept = verdicts.get(key);
    if (kept != null && now.isBefore(kept.until())) {
      return kept.verdict();
    }
    if (!questions.allow(from.getHostAddress())) {
      return new TokenVerdict.Unanswered("too many tokens from one address");
    }
    TokenVerdict verdict = ask(token);
    if (!(verdict instanceof TokenVerdict.Unanswered)) {
      Duration keep = verdict instanceof TokenVerdict.PodToken ? GOOD : BAD;
      verdicts.put(key, new Kept(verdict, now.plus(keep)));
    }
    return verdict;
  }

  private TokenVerdict ask(String token) {
    TokenReview question =
        new TokenReviewBuilder()
            .withNewSpec()
            .withToken(token)
            .withAudiences(AUDIENCE)
            .endSpec()
            .build();
    TokenReview answer;
    try {
      answer = client.tokenReviews().create(question);
    } catch (KubernetesClientException e) {
      return new TokenVerdict.Unanswered("token review failed with status " + e.getCode());
    }
    TokenReviewStatus status = answer == null ? null : answer.getStatus();
    if (status == null) {
      return new TokenVerdict.Unanswered("the token review has no status");
    }
    if (!Boolean.TRUE.equals(status.getAuthenticated()) || status.getUser() == null) {
      return new TokenVerdict.Rejected("the token is not valid, or not for " + AUDIENCE);
    }
    // An API server that does not know audiences answers without them, and would have accepted any.
    if (status.getAudiences() == null || !status.getAudiences().contains(AUDIENCE)) {
      return new TokenVerdict.Rejected("the token is not for the audience " + AUDIENCE);
    }
    return ofUser(status.getUser());
  }

  private static TokenVerdict ofUser(UserInfo user) {
    Matcher account = SERVICE_ACCOUNT.matcher(user.getUsername() == null ? "" : user.getUsername());
    String podName = first(user, "authentication.kubernetes.io/pod-name");
    String podUid = first(user, "authentication.kubernetes.io/pod-uid");
    if (!account.matches() || podName.isEmpty() || podUid.isEmpty()) {
      return new TokenVerdict.Rejected("the token is not bound to a pod");
    }
    return new TokenVerdict.PodToken(account.group(1), podName, podUid);
  }

  private static String first(UserInfo user, String key) {
    Map<String, List<String>> extra = user.getExtra();
    List<String> values = extra == null ? null : extra.get(key);
    return values == null || values.size() != 1 ? "" : values.get(0);
  }

  private static String sha256(String token) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
