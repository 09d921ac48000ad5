package io.evaljob.operator.resources;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * Quantities as the API server writes them back, so that what we set and what we find are equal:
 * the greatest suffix that leaves an integer (apimachinery's {@code Quantity.CanonicalizeBytes}).
 */
final class CanonicalQuantity {
  private static final String[] BINARY = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  private static final String[] DECIMAL = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  private static final BigInteger KIBI = BigInteger.valueOf(1024);
  private static final BigInteger KILO = BigInteger.valueOf(1000);

  private CanonicalQuantity() {}

  static Quantity of(Quantity quantity) {
    BigDecimal amount = Quantity.getAmountInBytes(quantity);
    String format = quantity.getFormat() == null ? "" : quantity.getFormat();
    boolean binary =
        format.endsWith("i")
            && amount.abs().compareTo(BigDecimal.valueOf(1024)) >= 0
            && amount.stripTrailingZeros().scale() <= 0;
    return Quantity.parse(binary ? binary(amount.toBigIntegerExact()) : decimal(amount));
  }

  static Quantity ofCount(int count) {
    return of(new Quantity(Integer.toString(count)));
  }

  /** Bytes, rounded up. */
  static long bytes(Quantity quantity) {
    return Quantity.getAmountInBytes(quantity).setScale(0, RoundingMode.CEILING).longValue();
  }

  private static String binary(BigInteger amount) {
    BigInteger rest = amount;
    int exponent = 0;
    while (exponent < BINARY.length - 1 && rest.mod(KIBI).signum() == 0) {
      rest = rest.divide(KIBI);
      exponent++;
    }
    return rest + BINARY[exponent];
  }

  private static String decimal(BigDecimal amount) {
    if (amount.signum() == 0) {
      return "0";
    }
    // Kubernetes keeps nine digits behind the point and rounds up.
    BigInteger rest = amount.movePointRight(9).setScale(0, RoundingMode.CEILING).toBigInteger();
    int exponent = 0;
    while (exponent < DECIMAL.length - 1 && rest.mod(KILO).signum() == 0) {
      rest = rest.divide(KILO);
      exponent++;
    }
    return rest + DECIMAL[exponent];
  }
}
