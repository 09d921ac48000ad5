package io.evaljob.operator.reconcile;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.evaljob.api.v1alpha1.EvalJob;
import io.evaljob.api.v1alpha1.EvalQuota;
import io.evaljob.api.v1alpha1.EvalRuntime;
import io.evaljob.api.v1alpha1.ModelProfile;
import io.evaljob.operator.observe.Workload;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapList;
import io.fabric8.kubernetes.api.model.ConfigMapVolumeSource;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateRunning;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.ListMeta;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceList;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimList;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimSpec;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import io.fabric8.kubernetes.api.model.TypedObjectReference;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobList;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClass;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassList;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * How the operator's client reads: of the objects that are watched in thousands, only what a pass
 * looks at. It saves their memory, and at start the analysis of a thousand classes. What the client
 * writes is whole.
 *
 * <p>Such an object must never be written back, nor compared with a desired one: whoever compares
 * reads a {@code GenericKubernetesResource}.
 *
 * <p>Longer than most: it is one table, a line for each field that is read.
 */
public final class LeanReading {

  private static final FieldsRead<OwnerReference> OWNER =
      FieldsRead.of(OwnerReference.class, OwnerReference::new)
          .text("apiVersion", OwnerReference::setApiVersion)
          .text("kind", OwnerReference::setKind)
          .text("name", OwnerReference::setName)
          .text("uid", OwnerReference::setUid)
          .flag("controller", OwnerReference::setController)
          .flag("blockOwnerDeletion", OwnerReference::setBlockOwnerDeletion);

  /** All but who manages which field, which is as large as the rest of many objects. */
  private static final FieldsRead<ObjectMeta> METADATA =
      FieldsRead.of(ObjectMeta.class, ObjectMeta::new)
          .text("name", ObjectMeta::setName)
          .text("generateName", ObjectMeta::setGenerateName)
          .text("namespace", ObjectMeta::setNamespace)
          .text("uid", ObjectMeta::setUid)
          .text("resourceVersion", ObjectMeta::setResourceVersion)
          .number("generation", ObjectMeta::setGeneration)
          .text("creationTimestamp", ObjectMeta::setCreationTimestamp)
          .text("deletionTimestamp", ObjectMeta::setDeletionTimestamp)
          .number("deletionGracePeriodSeconds", ObjectMeta::setDeletionGracePeriodSeconds)
          .texts("finalizers", ObjectMeta::setFinalizers)
          .textByName("labels", ObjectMeta::setLabels)
          .textByName("annotations", ObjectMeta::setAnnotations)
          .objects("ownerReferences", OWNER, ObjectMeta::setOwnerReferences);

  private static final FieldsRead<ListMeta> LIST_METADATA =
      FieldsRead.of(ListMeta.class, ListMeta::new)
          .text("resourceVersion", ListMeta::setResourceVersion)
          .text("continue", ListMeta::setContinue)
          .number("remainingItemCount", ListMeta::setRemainingItemCount);

  private static final FieldsRead<PodSpec> POD_SPEC =
      FieldsRead.of(PodSpec.class, PodSpec::new)
          .text("nodeName", PodSpec::setNodeName)
          .objects(
              "containers",
              FieldsRead.of(Container.class, Container::new).text("name", Container::setName),
              PodSpec::setContainers)
          .objects(
              "volumes",
              FieldsRead.of(Volume.class, Volume::new)
                  .text("name", Volume::setName)
                  .object(
                      "configMap",
                      FieldsRead.of(ConfigMapVolumeSource.class, ConfigMapVolumeSource::new)
                          .text("name", ConfigMapVolumeSource::setName),
                      Volume::setConfigMap),
              PodSpec::setVolumes);

  private static final FieldsRead<ContainerState> CONTAINER_STATE =
      FieldsRead.of(ContainerState.class, ContainerState::new)
          .object(
              "waiting",
              FieldsRead.of(ContainerStateWaiting.class, ContainerStateWaiting::new)
                  .text("reason", ContainerStateWaiting::setReason)
                  .text("message", ContainerStateWaiting::setMessage),
              ContainerState::setWaiting)
          .object(
              "running",
              FieldsRead.of(ContainerStateRunning.class, ContainerStateRunning::new)
                  .text("startedAt", ContainerStateRunning::setStartedAt),
              ContainerState::setRunning)
          .object(
              "terminated",
              FieldsRead.of(ContainerStateTerminated.class, ContainerStateTerminated::new)
                  .integer("exitCode", ContainerStateTerminated::setExitCode)
                  .integer("signal", ContainerStateTerminated::setSignal)
                  .text("reason", ContainerStateTerminated::setReason)
                  .text("message", ContainerStateTerminated::setMessage)
                  .text("startedAt", ContainerStateTerminated::setStartedAt)
                  .text("finishedAt", ContainerStateTerminated::setFinishedAt),
              ContainerState::setTerminated);

  private static final FieldsRead<PodStatus> POD_STATUS =
      FieldsRead.of(PodStatus.class, PodStatus::new)
          .text("phase", PodStatus::setPhase)
          .text("reason", PodStatus::setReason)
          .text("message", PodStatus::setMessage)
          .objects(
              "conditions",
              FieldsRead.of(PodCondition.class, PodCondition::new)
                  .text("type", PodCondition::setType)
                  .text("status", PodCondition::setStatus)
                  .text("reason", PodCondition::setReason)
                  .text("message", PodCondition::setMessage)
                  .text("lastTransitionTime", PodCondition::setLastTransitionTime),
              PodStatus::setConditions)
          .objects(
              "containerStatuses",
              FieldsRead.of(ContainerStatus.class, ContainerStatus::new)
                  .text("name", ContainerStatus::setName)
                  .text("imageID", ContainerStatus::setImageID)
                  .object("state", CONTAINER_STATE, ContainerStatus::setState),
              PodStatus::setContainerStatuses);

  private static final FieldsRead<JobSpec> JOB_SPEC =
      FieldsRead.of(JobSpec.class, JobSpec::new)
          .flag("suspend", JobSpec::setSuspend)
          .object(
              "template",
              FieldsRead.of(PodTemplateSpec.class, PodTemplateSpec::new)
                  .object("spec", POD_SPEC, PodTemplateSpec::setSpec),
              JobSpec::setTemplate);

  private static final FieldsRead<JobStatus> JOB_STATUS =
      FieldsRead.of(JobStatus.class, JobStatus::new)
          .objects(
              "conditions",
              FieldsRead.of(JobCondition.class, JobCondition::new)
                  .text("type", JobCondition::setType)
                  .text("status", JobCondition::setStatus)
                  .text("reason", JobCondition::setReason)
                  .text("message", JobCondition::setMessage)
                  .text("lastTransitionTime", JobCondition::setLastTransitionTime),
              JobStatus::setConditions);

  private static final FieldsRead<PersistentVolumeClaimSpec> CLAIM_SPEC =
      FieldsRead.of(PersistentVolumeClaimSpec.class, PersistentVolumeClaimSpec::new)
          .texts("accessModes", PersistentVolumeClaimSpec::setAccessModes)
          .text("volumeName", PersistentVolumeClaimSpec::setVolumeName)
          .whole(
              "dataSource",
              TypedLocalObjectReference.class,
              PersistentVolumeClaimSpec::setDataSource)
          .whole(
              "dataSourceRef",
              TypedObjectReference.class,
              PersistentVolumeClaimSpec::setDataSourceRef)
          .whole("selector", LabelSelector.class, PersistentVolumeClaimSpec::setSelector);

  private static final FieldsRead<Pod> POD =
      top(Pod.class, Pod::new)
          .object("spec", POD_SPEC, Pod::setSpec)
          .object("status", POD_STATUS, Pod::setStatus);

  private static final FieldsRead<Job> JOB =
      top(Job.class, Job::new)
          .object("spec", JOB_SPEC, Job::setSpec)
          .object("status", JOB_STATUS, Job::setStatus);

  private static final FieldsRead<PersistentVolumeClaim> CLAIM =
      top(PersistentVolumeClaim.class, PersistentVolumeClaim::new)
          .object("spec", CLAIM_SPEC, PersistentVolumeClaim::setSpec);

  private static final FieldsRead<ConfigMap> CONFIG_MAP =
      top(ConfigMap.class, ConfigMap::new)
          .textByName("data", ConfigMap::setData)
          .textByName("binaryData", ConfigMap::setBinaryData)
          .flag("immutable", ConfigMap::setImmutable);

  private static final FieldsRead<Namespace> NAMESPACE = top(Namespace.class, Namespace::new);

  private static final FieldsRead<PriorityClass> PRIORITY_CLASS =
      top(PriorityClass.class, PriorityClass::new)
          .integer("value", PriorityClass::setValue)
          .flag("globalDefault", PriorityClass::setGlobalDefault);

  private static final FieldsRead<Event> EVENT =
      top(Event.class, Event::new)
          .text("reason", Event::setReason)
          .text("message", Event::setMessage)
          .text("lastTimestamp", Event::setLastTimestamp)
          .object(
              "involvedObject",
              FieldsRead.of(ObjectReference.class, ObjectReference::new)
                  .text("kind", ObjectReference::setKind)
                  .text("namespace", ObjectReference::setNamespace)
                  .text("name", ObjectReference::setName)
                  .text("uid", ObjectReference::setUid),
              Event::setInvolvedObject);

  private static final List<FieldsRead<?>> READ =
      List.of(
          METADATA,
          LIST_METADATA,
          POD,
          JOB,
          CLAIM,
          CONFIG_MAP,
          NAMESPACE,
          PRIORITY_CLASS,
          EVENT,
          list(PodList.class, PodList::new, PodList::setMetadata, POD, PodList::setItems),
          list(JobList.class, JobList::new, JobList::setMetadata, JOB, JobList::setItems),
          list(
              PersistentVolumeClaimList.class,
              PersistentVolumeClaimList::new,
              PersistentVolumeClaimList::setMetadata,
              CLAIM,
              PersistentVolumeClaimList::setItems),
          list(
              ConfigMapList.class,
              ConfigMapList::new,
              ConfigMapList::setMetadata,
              CONFIG_MAP,
              ConfigMapList::setItems),
          list(
              NamespaceList.class,
              NamespaceList::new,
              NamespaceList::setMetadata,
              NAMESPACE,
              NamespaceList::setItems),
          list(
              PriorityClassList.class,
              PriorityClassList::new,
              PriorityClassList::setMetadata,
              PRIORITY_CLASS,
              PriorityClassList::setItems),
          list(
              EventList.class, EventList::new, EventList::setMetadata, EVENT, EventList::setItems));

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
    SimpleModule module = new SimpleModule("lean-reading");
    READ.forEach(read -> read.register(module));
    ObjectMapper mapper = new ObjectMapper();
    mapper.registerModule(module);
    KubernetesSerialization serialization = new KubernetesSerialization(mapper, false);
    WATCHED.forEach(serialization::registerKubernetesResource);
    return serialization;
  }

  private static <L, T> FieldsRead<L> list(
      Class<L> kind,
      Supplier<L> fresh,
      BiConsumer<L, ListMeta> metadata,
      FieldsRead<T> item,
      BiConsumer<L, List<T>> items) {
    return FieldsRead.of(kind, fresh)
        .object("metadata", LIST_METADATA, metadata)
        .objects("items", item, items);
  }

  private static <T extends HasMetadata> FieldsRead<T> top(Class<T> kind, Supplier<T> fresh) {
    return FieldsRead.of(kind, fresh)
        .text("apiVersion", HasMetadata::setApiVersion)
        .object("metadata", METADATA, HasMetadata::setMetadata);
  }
}
