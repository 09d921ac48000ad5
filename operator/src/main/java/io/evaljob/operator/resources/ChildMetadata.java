package io.evaljob.operator.resources;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import java.util.Map;

/** Metadata of children: where they live and whose they are. */
final class ChildMetadata {
  private ChildMetadata() {}

  static ObjectMeta of(EvalJob job, String name, Map<String, String> labels) {
    return new ObjectMetaBuilder(withoutOwner(job, name, labels))
        .withOwnerReferences(controller(job))
        .build();
  }

  /** Of an object that outlives the job. */
  static ObjectMeta withoutOwner(EvalJob job, String name, Map<String, String> labels) {
    return new ObjectMetaBuilder()
        .withNamespace(namespace(job))
        .withName(name)
        .withLabels(labels)
        .build();
  }

  /** {@code default} where a manifest names none, as kubectl does. */
  static String namespace(EvalJob job) {
    String namespace = job.getMetadata().getNamespace();
    return namespace == null ? "default" : namespace;
  }

  /** Whether the object is controlled by this very job, not by an older one of the same name. */
  static boolean isChild(HasMetadata object, EvalJob job) {
    return object.getMetadata().getOwnerReferences().stream()
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .anyMatch(owner -> job.getMetadata().getUid().equals(owner.getUid()));
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
