package io.evaljob.operator.validate;

import static io.evaljob.operator.plan.RefusalReason.InvalidValue;
import static io.evaljob.operator.plan.RefusalReason.LimitExceeded;
import static io.evaljob.operator.plan.RefusalReason.ReservedVariable;

import io.evaljob.api.v1alpha1.AccessMode;
import io.evaljob.api.v1alpha1.CacheAccess;
import io.evaljob.api.v1alpha1.EnvEntry;
import io.evaljob.api.v1alpha1.EvalJobSpec;
import io.evaljob.api.v1alpha1.ModelSpec;
import io.evaljob.api.v1alpha1.OnOutOfMemory;
import io.evaljob.api.v1alpha1.Retention;
import io.evaljob.api.v1alpha1.ScoringMode;
import io.evaljob.api.v1alpha1.ScoringSpec;
import io.evaljob.api.v1alpha1.SplitStrategy;
import io.evaljob.api.v1alpha1.StorageSpec;
import io.evaljob.api.v1alpha1.VolumePath;
import io.evaljob.api.v1alpha1.VolumeSpec;
import io.evaljob.api.v1alpha1.WorkspaceSpec;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * What a spec alone can break, without its runtime.
 *
 * <p>Much of it the CRD refuses too, and such a spec does not come here. A spec stored under an
 * older CRD does, and so it is said again where it would go wrong later and without a word: two
 * models of one name have the same children, a path with {@code ..} leaves its volume, a name that
 * is too long is no label, a hub beside a volume is not read. Bounds and patterns that only keep
 * objects small and tidy are the CRD's alone.
 *
 * <p>Longer than most: a list of rules that have nothing in common but the spec.
 */
final class SpecRules {
  private static final int NAME = 52;
  private static final int PAIRS = 512;
  private static final int MAP_ENTRIES = 2048;
  private static final int SHOWN = 80;

  private final EvalJobSpec spec;
  private final RefusalList refusals;

  SpecRules(EvalJobSpec spec, RefusalList refusals) {
    this.spec = spec;
    this.refusals = refusals;
  }

  void check(String name) {
    if (name.length() > NAME) {
      refusals.add(
          InvalidValue,
          "metadata.name",
          name,
          "has " + name.length() + " characters, more than " + NAME,
          "choose a shorter name");
    }
    unique("spec.models", spec.models(), ModelSpec::name);
    models();
    unique("spec.datasets", spec.datasets(), dataset -> dataset.name());
    datasets();
    sizes();
    split();
    words();
    spec.storageIfSet().ifPresent(this::storage);
    spec.hubTokenSecretRefIfSet()
        .filter(secret -> RequiredFields.blank(secret.name()))
        .ifPresent(secret -> missing("spec.hubTokenSecretRef.name", "name the Secret"));
    spec.scoringIfSet().ifPresent(this::scoring);
    unique("spec.env", spec.env(), EnvEntry::name);
    spec.env().forEach(this::environment);
  }

  private void models() {
    for (ModelSpec model : spec.models()) {
      String path = "spec.models[" + model.name() + "]";
      if (model.hubIfSet().isPresent() && model.volumeIfSet().isPresent()) {
        refusals.add(
            InvalidValue,
            path,
            "",
            "has two sources of weights, hub and volume",
            "keep one of them");
      }
      model
          .hubIfSet()
          .filter(hub -> RequiredFields.blank(hub.id()))
          .ifPresent(hub -> missing(path + ".hub.id", "name the repository"));
      model
          .hubIfSet()
          .flatMap(hub -> hub.revisionIfSet())
          .filter(revision -> revision.contains(".."))
          .ifPresent(
              revision ->
                  refusals.add(
                      InvalidValue,
                      path + ".hub.revision",
                      revision,
                      "is no revision: the hub keeps revisions as paths, and this one leaves the"
                          + " repository",
                      "write a commit, tag or branch without '..'"));
      model.volumeIfSet().ifPresent(volume -> volumePath(path + ".volume", volume));
    }
  }

  private void datasets() {
    spec.datasets()
        .forEach(
            dataset ->
                dataset
                    .volumeIfSet()
                    .ifPresent(
                        volume ->
                            volumePath("spec.datasets[" + dataset.name() + "].volume", volume)));
  }

  private void volumePath(String path, VolumePath volume) {
    List<String> known = volumes().stream().map(VolumeSpec::name).toList();
    if (!known.contains(volume.name())) {
      refusals.add(
          InvalidValue,
          path + ".name",
          orEmpty(volume.name()),
          "is not in spec.storage.volumes" + (known.isEmpty() ? "" : " (" + join(known) + ")"),
          "add it there, or correct the name");
    }
    inside(path + ".path", orEmpty(volume.path()));
  }

  private void sizes() {
    long pairs = (long) spec.models().size() * spec.datasets().size();
    if (pairs > PAIRS) {
      refusals.add(
          LimitExceeded,
          "spec.models",
          "",
          "times spec.datasets is " + pairs + " evaluations, more than " + PAIRS,
          "use several EvalJobs");
    }
    int entries = spec.models().stream().mapToInt(model -> model.deviceMap().size()).sum();
    if (entries > MAP_ENTRIES) {
      refusals.add(
          LimitExceeded,
          "spec.models",
          "",
          "has device maps with " + entries + " entries together, more than " + MAP_ENTRIES,
          "name parent modules, or use several EvalJobs");
    }
    spec.maxConcurrentModelsIfSet()
        .filter(limit -> limit < 1)
        .ifPresent(
            limit ->
                refusals.add(
                    InvalidValue,
                    "spec.maxConcurrentModels",
                    limit.toString(),
                    "lets no model run",
                    "set 1 or more, or leave it out"));
  }

  private void split() {
    if (spec.splitOrDefault().strategyOrDefault() == SplitStrategy.Unknown) {
      refusals.add(
          InvalidValue,
          "spec.split.strategy",
          "",
          "is not a strategy that this operator knows",
          "set Auto, None, Layers or TensorParallel");
    }
    spec.acceleratorOrDefault()
        .minMemoryIfSet()
        .filter(memory -> Quantities.bytes(memory).filter(bytes -> bytes > 0).isEmpty())
        .ifPresent(
            memory ->
                refusals.add(
                    InvalidValue,
                    "spec.accelerator.minMemory",
                    memory.toString(),
                    "is not an amount of memory",
                    "set one such as 79Gi, or leave it out"));
  }

  private void scoring(ScoringSpec scoring) {
    if (scoring.modeOrDefault() == ScoringMode.Judge && scoring.judgeIfSet().isEmpty()) {
      missing("spec.scoring.judge", "name the judge, or set mode to ExactMatching");
    }
    scoring
        .judgeIfSet()
        .ifPresent(
            judge -> {
              if (RequiredFields.blank(judge.url())) {
                missing("spec.scoring.judge.url", "name the judge's address");
              }
              if (RequiredFields.blank(judge.model())) {
                missing("spec.scoring.judge.model", "name the judge's model");
              }
              judge
                  .apiKeySecretRefIfSet()
                  .filter(secret -> RequiredFields.blank(secret.name()))
                  .ifPresent(
                      secret ->
                          missing("spec.scoring.judge.apiKeySecretRef.name", "name the Secret"));
            });
  }

  /** A word of a newer definition, which was here before this operator. */
  private void words() {
    if (spec.scoringModeOrDefault() == ScoringMode.Unknown) {
      unknown("spec.scoring.mode", "DatasetDefault, Judge or ExactMatching");
    }
    spec.storageIfSet()
        .flatMap(StorageSpec::cacheIfSet)
        .filter(cache -> cache.accessOrDefault() == CacheAccess.Unknown)
        .ifPresent(cache -> unknown("spec.storage.cache.access", "Prefetch or ReadOnly"));
    spec.storageIfSet()
        .flatMap(StorageSpec::workspaceIfSet)
        .flatMap(WorkspaceSpec::claimTemplateIfSet)
        .filter(template -> template.accessModeOrDefault() == AccessMode.Unknown)
        .ifPresent(
            template ->
                unknown(
                    "spec.storage.workspace.claimTemplate.accessMode",
                    "ReadWriteOnce, ReadWriteMany or ReadWriteOncePod"));
    spec.storageIfSet()
        .flatMap(StorageSpec::workspaceIfSet)
        .filter(workspace -> workspace.retentionOrDefault() == Retention.Unknown)
        .ifPresent(workspace -> unknown("spec.storage.workspace.retention", "Delete or Retain"));
    if (spec.splitOrDefault().onOutOfMemoryOrDefault() == OnOutOfMemory.Unknown) {
      unknown("spec.split.onOutOfMemory", "Fail or Replan");
    }
  }

  private void unknown(String field, String words) {
    refusals.add(
        InvalidValue,
        field,
        "",
        "is not a word that this operator knows",
        "set " + words + ", or run the newer operator");
  }

  private void storage(StorageSpec storage) {
    storage.workspaceIfSet().ifPresent(this::workspace);
    unique("spec.storage.volumes", storage.volumes(), VolumeSpec::name);
    for (VolumeSpec volume : storage.volumes()) {
      String path = "spec.storage.volumes[" + volume.name() + "]";
      volume.subPathIfSet().ifPresent(subPath -> inside(path + ".subPath", subPath));
    }
  }

  private void workspace(WorkspaceSpec workspace) {
    boolean named = workspace.claimNameIfSet().isPresent();
    boolean made = workspace.claimTemplateIfSet().isPresent();
    if (named == made) {
      refusals.add(
          InvalidValue,
          "spec.storage.workspace",
          "",
          named ? "has both claimName and claimTemplate" : "is empty",
          "set one of claimName (an existing claim) and claimTemplate (a claim to make)");
    }
    if (named && workspace.retention() != null) {
      refusals.add(
          InvalidValue,
          "spec.storage.workspace.retention",
          workspace.retention().name(),
          "is for claims that are made, and workspace.claimName names one that is never deleted",
          "remove it");
    }
    workspace
        .claimTemplateIfSet()
        .filter(
            template ->
                Quantities.bytes(template.sizeOrDefault()).filter(bytes -> bytes > 0).isEmpty())
        .ifPresent(
            template ->
                refusals.add(
                    InvalidValue,
                    "spec.storage.workspace.claimTemplate.size",
                    template.size().toString(),
                    "is not a size",
                    "set one such as 200Gi, or leave it out"));
  }

  private void environment(EnvEntry entry) {
    ReservedEnvironment.find(entry.name())
        .ifPresent(
            reserved ->
                refusals.add(
                    ReservedVariable,
                    "spec.env[" + entry.name() + "]",
                    shown(entry.valueOrDefault()),
                    "cannot be set: " + reserved.why(),
                    reserved.remedy()));
  }

  private void inside(String field, String path) {
    if (path.isEmpty() || path.startsWith("/") || List.of(path.split("/", -1)).contains("..")) {
      refusals.add(
          InvalidValue,
          field,
          path,
          "does not stay inside its volume",
          "write a relative path without '..'");
    }
  }

  private <T> void unique(String field, Collection<T> entries, Function<T, String> name) {
    Set<String> seen = new HashSet<>();
    for (T entry : entries) {
      String given = orEmpty(name.apply(entry));
      if (!seen.add(given)) {
        refusals.add(
            InvalidValue,
            field,
            given,
            "is there more than once",
            "give every entry a name of its own");
      }
    }
  }

  private List<VolumeSpec> volumes() {
    return spec.storageIfSet().map(StorageSpec::volumes).orElse(List.of());
  }

  private void missing(String field, String remedy) {
    refusals.add(InvalidValue, field, "", "is missing", remedy);
  }

  private static String shown(String value) {
    return value.length() <= SHOWN ? value : value.substring(0, SHOWN) + "...";
  }

  private static String join(List<String> names) {
    return String.join(", ", names);
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
