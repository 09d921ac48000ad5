package io.evaljob.operator.reconcile;

import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.BeanDeserializerBuilder;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.observe.Workload;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapVolumeSource;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimSpec;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How the operator's client reads: of the objects that are watched in thousands, only what a pass
 * looks at. It saves their memory, and at start the analysis of a thousand classes. What the client
 * writes is whole.
 *
 * <p>Such an object must never be written back, nor compared with a desired one: whoever compares
 * reads a {@code GenericKubernetesResource}.
 */
public final class LeanReading {

  /** Fields that are read; every field of a class that is not named here. */
  private static final Map<Class<?>, Set<String>> READ =
      Map.ofEntries(
          top(Pod.class, "spec", "status"),
          Map.entry(PodSpec.class, Set.of("nodeName", "containers", "volumes")),
          Map.entry(Container.class, Set.of("name")),
          Map.entry(Volume.class, Set.of("name", "configMap")),
          Map.entry(ConfigMapVolumeSource.class, Set.of("name")),
          Map.entry(
              PodStatus.class,
              Set.of("phase", "reason", "message", "conditions", "containerStatuses")),
          Map.entry(ContainerStatus.class, Set.of("name", "state", "imageID")),
          top(Job.class, "spec", "status"),
          Map.entry(JobSpec.class, Set.of("suspend", "template")),
          Map.entry(PodTemplateSpec.class, Set.of("spec")),
          Map.entry(JobStatus.class, Set.of("conditions")),
          top(PersistentVolumeClaim.class, "spec"),
          Map.entry(
              PersistentVolumeClaimSpec.class,
              Set.of("accessModes", "volumeName", "dataSource", "dataSourceRef", "selector")),
          top(Namespace.class),
          top(PriorityClass.class, "value", "globalDefault"),
          top(Event.class, "reason", "message", "involvedObject", "lastTimestamp"),
          Map.entry(ObjectReference.class, Set.of("kind", "namespace", "name", "uid")));

  /** Kinds whose watches must be understood; others are not watched. */
  private static final List<Class<? extends KubernetesResource>> WATCHED =
      List.of(
          EvalJob.class,
          EvalQuota.class,
          EvalRuntime.class,
          ModelProfile.class,
          Job.class,
          Pod.class,
          ConfigMap.class,
          Event.class,
          PersistentVolumeClaim.class,
          Namespace.class,
          PriorityClass.class,
          Workload.V1Beta1.class,
          Workload.V1Beta2.class,
          Status.class);

  private LeanReading() {}

  /** For the client that the operator is started with. */
  public static KubernetesSerialization serialization() {
    ObjectMapper mapper = new ObjectMapper();
    mapper.registerModule(
        new SimpleModule("lean-reading").setDeserializerModifier(new OnlyWhatIsRead()));
    KubernetesSerialization serialization = new KubernetesSerialization(mapper, false);
    WATCHED.forEach(serialization::registerKubernetesResource);
    return serialization;
  }

  private static Map.Entry<Class<?>, Set<String>> top(Class<?> kind, String... fields) {
    Set<String> all = new HashSet<>(List.of(fields));
    all.addAll(List.of("apiVersion", "kind", "metadata"));
    return Map.entry(kind, Set.copyOf(all));
  }

  private static boolean isRead(Class<?> type, String field) {
    if (type == ObjectMeta.class) {
      return !field.equals("managedFields");
    }
    return Optional.ofNullable(READ.get(type)).map(read -> read.contains(field)).orElse(true);
  }

  /** Drops the other fields before their types are looked at. */
  private static final class OnlyWhatIsRead extends BeanDeserializerModifier {
    private static final long serialVersionUID = 1;

    @Override
    public List<BeanPropertyDefinition> updateProperties(
        DeserializationConfig config, BeanDescription bean, List<BeanPropertyDefinition> fields) {
      return fields.stream().filter(field -> isRead(bean.getBeanClass(), field.getName())).toList();
    }

    /** Without this they would be kept as fields that nobody knows. */
    @Override
    public BeanDeserializerBuilder updateBuilder(
        DeserializationConfig config, BeanDescription bean, BeanDeserializerBuilder builder) {
      bean.findProperties().stream()
          .map(BeanPropertyDefinition::getName)
          .filter(field -> !isRead(bean.getBeanClass(), field))
          .forEach(builder::addIgnorable);
      return builder;
    }
  }
}
