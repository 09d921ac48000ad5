package io.evaljob.operator.validate;

import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.validate.ResolvedProfile.Origin;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Profiles in a namespace hide those of the operator's, and these hide the catalogue's. */
public final class LayeredProfiles {
  private final List<ModelProfile> profiles;
  private final String operatorNamespace;
  private final Catalogue catalogue;

  /**
   * A view of one moment.
   *
   * @param profiles all ModelProfiles that can be seen, of any namespace
   * @param operatorNamespace namespace whose profiles every job may use
   * @param catalogue the built-in ones
   */
  public LayeredProfiles(
      Collection<ModelProfile> profiles, String operatorNamespace, Catalogue catalogue) {
    this.profiles =
        profiles.stream()
            .filter(profile -> profile.getSpec() != null)
            .sorted(Comparator.comparing(LayeredProfiles::name))
            .toList();
    this.operatorNamespace = operatorNamespace;
    this.catalogue = catalogue;
  }

  /** The profile of that name. */
  public Optional<ResolvedProfile> byName(String namespace, String name) {
    return find(namespace, profile -> name.equals(name(profile)))
        .or(() -> catalogue.byName(name).map(LayeredProfiles::builtIn));
  }

  /** Of several profiles for one entry the first by name is used. */
  public Optional<ResolvedProfile> byCatalogEntry(String namespace, String entry) {
    return find(namespace, profile -> profile.getSpec().catalogEntries().contains(entry))
        .or(() -> catalogue.byCatalogEntry(entry).map(LayeredProfiles::builtIn));
  }

  /** The profile that refuses a repository on the hub. */
  public Optional<ResolvedProfile> refusing(String namespace, String hubId) {
    return find(
            namespace,
            profile ->
                profile.getSpec().refusalIfSet().stream()
                    .anyMatch(refusal -> refusal.hubIDs().contains(hubId)))
        .or(() -> catalogue.byHubId(hubId).map(LayeredProfiles::builtIn));
  }

  /** Names that a job of the namespace may use, for "did you mean". */
  public List<String> names(String namespace) {
    return Stream.concat(
            Stream.of(in(namespace), in(operatorNamespace))
                .flatMap(List::stream)
                .map(LayeredProfiles::name),
            catalogue.names().stream())
        .distinct()
        .toList();
  }

  private Optional<ResolvedProfile> find(String namespace, Predicate<ModelProfile> wanted) {
    return first(in(namespace), wanted, Origin.Namespace)
        .or(() -> first(in(operatorNamespace), wanted, Origin.Operator));
  }

  private static ResolvedProfile builtIn(ModelProfile profile) {
    return new ResolvedProfile(name(profile), Origin.Catalogue, profile.getSpec());
  }

  private List<ModelProfile> in(String namespace) {
    return profiles.stream().filter(profile -> namespace.equals(namespaceOf(profile))).toList();
  }

  private static Optional<ResolvedProfile> first(
      List<ModelProfile> layer, Predicate<ModelProfile> wanted, Origin origin) {
    return layer.stream()
        .filter(wanted)
        .findFirst()
        .map(profile -> new ResolvedProfile(name(profile), origin, profile.getSpec()));
  }

  private static String name(ModelProfile profile) {
    return profile.getMetadata().getName();
  }

  /** {@code default} where a manifest names none. */
  private static String namespaceOf(ModelProfile profile) {
    String namespace = profile.getMetadata().getNamespace();
    return namespace == null ? "default" : namespace;
  }
}
