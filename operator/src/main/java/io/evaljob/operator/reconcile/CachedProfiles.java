package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.validate.ProfileSource;
import io.evaljob.operator.validate.ResolvedProfile;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Profiles as validation sees them: the job's namespace, then the operator's, then the catalogue.
 * Of two that list the same entry the first by name is taken.
 */
record CachedProfiles(
    InformerEventSource<ModelProfile, EvalJob> profiles,
    String operatorNamespace,
    ProfileSource catalogue)
    implements ProfileSource {

  @Override
  public Optional<ResolvedProfile> byName(String namespace, String name) {
    return named(namespace, name, ResolvedProfile.Origin.Namespace)
        .or(() -> named(operatorNamespace, name, ResolvedProfile.Origin.Operator))
        .or(() -> catalogue.byName(namespace, name));
  }

  @Override
  public Optional<ResolvedProfile> byCatalogEntry(String namespace, String entry) {
    return listing(namespace, entry, ResolvedProfile.Origin.Namespace)
        .or(() -> listing(operatorNamespace, entry, ResolvedProfile.Origin.Operator))
        .or(() -> catalogue.byCatalogEntry(namespace, entry));
  }

  @Override
  public List<String> names(String namespace) {
    return Stream.concat(
            profiles
                .list(
                    profile ->
                        profile.getMetadata().getNamespace().equals(namespace)
                            || profile.getMetadata().getNamespace().equals(operatorNamespace))
                .map(profile -> profile.getMetadata().getName()),
            catalogue.names(namespace).stream())
        .distinct()
        .sorted()
        .toList();
  }

  private Optional<ResolvedProfile> named(
      String namespace, String name, ResolvedProfile.Origin origin) {
    return profiles.get(new ResourceID(name, namespace)).map(found -> resolved(found, origin));
  }

  private Optional<ResolvedProfile> listing(
      String namespace, String entry, ResolvedProfile.Origin origin) {
    return profiles
        .list(namespace, profile -> profile.getSpec().catalogEntries().contains(entry))
        .min(Comparator.comparing(profile -> profile.getMetadata().getName()))
        .map(found -> resolved(found, origin));
  }

  private static ResolvedProfile resolved(ModelProfile profile, ResolvedProfile.Origin origin) {
    return new ResolvedProfile(profile.getMetadata().getName(), origin, profile.getSpec());
  }
}
