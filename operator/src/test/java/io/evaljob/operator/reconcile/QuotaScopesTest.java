package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.evaljob.api.v1alpha1.EvalQuota;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuotaScopesTest {

  private final EvalQuota old = quota("z-old", "2026-01-01T00:00:00Z", "{matchLabels: {team: a}}");
  private final EvalQuota young = quota("a-young", "2026-02-01T00:00:00Z", "{}");
  private final QuotaScopes scopes =
      new QuotaScopes(
          List.of(young, old),
          Map.of("one", Map.of("team", "a"), "two", Map.of("team", "b"), "three", Map.of()));

  @Test
  void ofTwoThatSelectANamespaceTheOlderAdmits() {
    assertThat(scopes.of("one")).hasValue(old);
    assertThat(scopes.of("two")).hasValue(young);
    assertThat(scopes.namespacesOf(old)).containsExactly("one");
    assertThat(scopes.namespacesOf(young)).containsExactly("three", "two");
    assertThat(scopes.overlaps(young)).containsExactly(Map.entry("one", "z-old"));
    assertThat(scopes.overlaps(old)).isEmpty();
  }

  @Test
  void ofTwoMadeInTheSameSecondTheNameDecides() {
    EvalQuota twin = quota("a-twin", "2026-01-01T00:00:00Z", "{}");
    assertThat(new QuotaScopes(List.of(old, twin), Map.of("one", Map.of("team", "a"))).of("one"))
        .hasValue(twin);
  }

  @Test
  void aNamespaceThatNobodyKnowsHasNoQuota() {
    assertThat(scopes.of("gone")).isEmpty();
  }

  private static EvalQuota quota(String name, String made, String selector) {
    return Serialization.unmarshal(
        """
        apiVersion: evaljob.io/v1alpha1
        kind: EvalQuota
        metadata: {name: NAME, creationTimestamp: "MADE"}
        spec:
          namespaceSelector: SELECTOR
          hard: {nvidia.com/gpu: 8}
        """
            .replace("NAME", name)
            .replace("MADE", made)
            .replace("SELECTOR", selector),
        EvalQuota.class);
  }
}
