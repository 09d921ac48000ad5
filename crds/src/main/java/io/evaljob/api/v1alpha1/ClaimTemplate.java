package io.evaljob.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Optional;

/** A PersistentVolumeClaim that the operator makes, one for each model. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
@JsonIgnoreProperties(ignoreUnknown = true)
public record ClaimTemplate(
    @JsonPropertyDescription(
            "Size of the claim, for example 200Gi; it holds predictions, and the weights too "
                + "when there is no cache. Omitted: 20Gi.")
        @Default("20Gi")
        Quantity size,
    @JsonPropertyDescription("Storage class. Omitted: the default class of the cluster.")
        @Size(min = 1, max = 253)
        @Pattern("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
        String storageClassName,
    @JsonPropertyDescription(
            "Who may mount it: ReadWriteOnce, ReadWriteMany or ReadWriteOncePod. Omitted: "
                + "ReadWriteOnce.")
        @Default("ReadWriteOnce")
        AccessMode accessMode) {

  /** {@link #size()}, or the default {@code 20Gi} when left out. */
  public Quantity sizeOrDefault() {
    return size == null ? new Quantity("20Gi") : size;
  }

  /** {@link #storageClassName()}, empty when left out. */
  public Optional<String> storageClassNameIfSet() {
    return Optional.ofNullable(storageClassName);
  }

  /** {@link #accessMode()}, or the default {@code ReadWriteOnce} when left out. */
  public AccessMode accessModeOrDefault() {
    return accessMode == null ? AccessMode.ReadWriteOnce : accessMode;
  }

  /** The template used when a spec names no workspace: all defaults. */
  public static ClaimTemplate defaults() {
    return new ClaimTemplate(null, null, null);
  }
}
