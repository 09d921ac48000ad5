package io.evaljob.operator.resources;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Quantity;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalQuantityTest {
  @ParameterizedTest
  @CsvSource({
    "1024Mi,1Gi",
    "1.5Gi,1536Mi",
    "79Gi,79Gi",
    "512,512",
    "0.5,500m",
    "1500m,1500m",
    "2000m,2",
    "16,16",
    "1000,1k",
    "0,0",
    "0Gi,0",
    "0.5Ki,512",
    "100M,100M",
    "1e3,1k",
    "2Ki,2Ki",
    "2048Ki,2Mi"
  })
  void writesWhatTheApiServerWouldAnswer(String given, String canonical) {
    assertThat(CanonicalQuantity.of(Quantity.parse(given)).toString()).isEqualTo(canonical);
  }
}
