package io.evaljob.operator.schema;

import java.util.ArrayList;
import java.util.List;

/**
 * What was read from one or more files.
 *
 * @param documents objects in the order of the files, those before a malformed place included
 * @param problems what could not be read; empty when everything could
 */
public record Manifests(List<Manifest> documents, List<SchemaProblem> problems) {
  /** Copies the lists. */
  public Manifests {
    documents = List.copyOf(documents);
    problems = List.copyOf(problems);
  }

  /** These and those of another file after them. */
  public Manifests plus(Manifests next) {
    List<Manifest> allDocuments = new ArrayList<>(documents);
    allDocuments.addAll(next.documents);
    List<SchemaProblem> allProblems = new ArrayList<>(problems);
    allProblems.addAll(next.problems);
    return new Manifests(allDocuments, allProblems);
  }
}
