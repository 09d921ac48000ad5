package io.evaljob.operator.validate;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;

/** Amounts of a spec, which may be malformed where no schema was checked. */
final class Quantities {
  private static final BigDecimal LONG_MAX = BigDecimal.valueOf(Long.MAX_VALUE);

  private Quantities() {}

  /** The amount in bytes, rounded up; empty when it is no quantity, negative, or beyond a long. */
  static Optional<Long> bytes(Quantity quantity) {
    try {
      BigDecimal amount = Quantity.getAmountInBytes(quantity).setScale(0, RoundingMode.CEILING);
      return amount.signum() < 0 || amount.compareTo(LONG_MAX) > 0
          ? Optional.empty()
          : Optional.of(amount.longValueExact());
    } catch (ArithmeticException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
