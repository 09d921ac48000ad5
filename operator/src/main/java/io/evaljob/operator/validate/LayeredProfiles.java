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
  private final List<ModelProfile> catalogue;

  /**
   * A view of one moment.
   *
   * @param profiles all ModelProfiles that can be seen, of any namespace
   * @param operatorNamespace namespace whose profiles every job may use
   * @param catalogue the built-in ones, see {@link Catalogue}
   */
  public LayeredProfiles(
      Collection<ModelProfile> profiles, String operatorNamespace, List<ModelProfile> catalogue) {
    this.profiles =
        profiles.stream()
            .filter(profile -> profile.getSpec() != null)
            .sorted(Comparator.comparing(LayeredProfiles::name))
            .toList();
    this.operatorNamespace = operatorNamespace;
    this.catalogue = List.copyOf(catalogue);
  }

  /** The profile of that name. */
  public Optional<ResolvedProfile> byName(String namespace, String name) {
    return find(namespace, profile -> name.equals(name(profile)));
  }

  /** Of several profiles for one entry the first by name is used. */
  public Optional<ResolvedProfile> byCatalogEntry(String namespace, String entry) {
    return find(namespace, profile -> profile.getSpec().catalogEntries().contains(entry));
  }

  /** Names that a job of the namespace may use, for "did you mean". */
  public List<String> names(String namespace) {
    return Stream.of(in(namespace), in(operatorNamespace), catalogue)
        .flatMap(List::stream)
        .map(LayeredProfiles::name)
        .distinct()
        .toList();
  }

  private Optional<ResolvedProfile> find(String namespace, Predicate<ModelProfile> wanted) {
    return first(in(namespace), wanted, Origin.Namespace)
        .or(() -> first(in(operatorNamespace), wanted, Origin.Operator))
        .or(() -> first(catalogue, wanted, Origin.Catalogue));
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
