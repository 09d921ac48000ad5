package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import java.util.Map;

/** Metadata of children: where they live and whose they are. */
final class ChildMetadata {
  private ChildMetadata() {}

  static ObjectMeta of(EvalJob job, String name, Map<String, String> labels) {
    return new ObjectMetaBuilder()
        .withNamespace(namespace(job))
        .withName(name)
        .withLabels(labels)
        .withOwnerReferences(controller(job))
        .build();
  }

  /** {@code default} where a manifest names none, as kubectl does. */
  static String namespace(EvalJob job) {
    String namespace = job.getMetadata().getNamespace();
    return namespace == null ? "default" : namespace;
  }

  private static OwnerReference controller(EvalJob job) {
    return new OwnerReferenceBuilder()
        .withApiVersion(job.getApiVersion())
        .withKind(job.getKind())
        .withName(job.getMetadata().getName())
        .withUid(job.getMetadata().getUid())
        .withController(true)
        .withBlockOwnerDeletion(true)
        .build();
  }
}
