package io.evaljob.operator.validate;

import java.util.List;
import java.util.Optional;

/**
 * Looks up model profiles: the job's namespace first, then the operator's, then the built-in
 * catalogue.
 */
public interface ProfileSource {
  /** The profile of this name. */
  Optional<ResolvedProfile> byName(String namespace, String name);

  /** The profile that lists this catalogue entry. */
  Optional<ResolvedProfile> byCatalogEntry(String namespace, String entry);

  /** Names that {@link #byName} knows, for "did you mean"; may be empty. */
  default List<String> names(String namespace) {
    return List.of();
  }
}
