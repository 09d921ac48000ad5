package io.evaljob.operator.reconcile;

import io.evaljob.api.v1alpha1.EvalJob;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Optional;

/** How urgent an EvalJob is: the value of its PriorityClass, as the scheduler has it for pods. */
final class PriorityClasses {

  private final InformerEventSource<PriorityClass, EvalJob> classes;

  PriorityClasses(InformerEventSource<PriorityClass, EvalJob> classes) {
    this.classes = classes;
  }

  /** The value of the class that it names, else of the cluster's default; 0 where there is none. */
  int of(EvalJob job) {
    Optional<PriorityClass> named =
        job.getSpec().priorityClassNameIfSet().flatMap(name -> classes.get(new ResourceID(name)));
    return named.or(() -> standard(job)).map(PriorityClass::getValue).orElse(0);
  }

  /** Whether all classes are known. */
  boolean ready() {
    return classes.informerHealthIndicators().values().stream()
        .allMatch(informer -> informer.hasSynced());
  }

  private Optional<PriorityClass> standard(EvalJob job) {
    return job.getSpec().priorityClassNameIfSet().isPresent()
        ? Optional.empty()
        : classes.list().filter(found -> Boolean.TRUE.equals(found.getGlobalDefault())).findFirst();
  }
}
