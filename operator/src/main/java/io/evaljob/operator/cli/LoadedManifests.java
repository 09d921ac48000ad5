package io.evaljob.operator.cli;

import io.evaljob.operator.schema.Manifest;
import io.evaljob.operator.schema.SchemaProblem;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Optional;

/**
 * The objects of the files on a command line, each with the place it came from.
 *
 * @param all the objects, in the order of the files
 * @param problems what the schemas of the API say against them
 */
record LoadedManifests(List<Loaded> all, List<SchemaProblem> problems) {

  /** An object and its manifest, which knows the line of every field. */
  record Loaded(Manifest manifest, HasMetadata object) {}

  LoadedManifests {
    all = List.copyOf(all);
    problems = List.copyOf(problems);
  }

  ObjectSet objects() {
    return new ObjectSet(all.stream().map(Loaded::object).toList());
  }

  /**
   * Where a field of an object is written, as compilers print it; the object's name when it came
   * from no file.
   *
   * @param field path as in refusals, such as {@code spec.models[sft].devicesPerProcess}
   */
  String place(HasMetadata object, String field) {
    return manifest(object)
        .map(manifest -> FieldPlace.of(manifest, field))
        .orElseGet(() -> named(object));
  }

  private Optional<Manifest> manifest(HasMetadata object) {
    return all.stream()
        .filter(loaded -> isSame(loaded.object(), object))
        .map(Loaded::manifest)
        .findFirst();
  }

  /** Whether they are the same object, in whatever version. */
  static boolean isSame(HasMetadata a, HasMetadata b) {
    return a.getKind().equals(b.getKind()) && named(a).equals(named(b));
  }

  /** Kind, namespace and name, as messages write them. */
  static String named(HasMetadata object) {
    String namespace = object.getMetadata().getNamespace();
    return object.getKind()
        + " "
        + (namespace == null ? "" : namespace + "/")
        + object.getMetadata().getName();
  }
}
