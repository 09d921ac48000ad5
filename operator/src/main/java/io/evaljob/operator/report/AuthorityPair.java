package io.evaljob.operator.report;

import java.util.Optional;

/**
 * The authorities that pods trust.
 *
 * @param current signs the certificate that is served
 * @param next signs nothing yet; pods already trust it, so that the change breaks no running pod
 */
record AuthorityPair(Authority current, Optional<Authority> next) {

  /** The certificates as PEM, the current authority's first. */
  String bundle() {
    return Pem.write(current.certificate())
        + next.map(authority -> Pem.write(authority.certificate())).orElse("");
  }
}
