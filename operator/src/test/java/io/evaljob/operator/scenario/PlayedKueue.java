package io.evaljob.operator.scenario;

import io.evaljob.operator.observe.Workload;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Keeps Kueue's side of the contract with a Job that has a queue, without a webhook: it suspends
 * what is not admitted, keeps a Workload of each Job and says there why it waits, admits in order
 * of age by adding node labels, tolerations and labels to the pod template and resuming the Job,
 * and evicts by suspending it and taking all of that out again. One kind of device, one quota.
 *
 * @param <T> the version of Workloads that it writes
 */
final class PlayedKueue<T extends Workload> implements AutoCloseable {

  static final String QUEUE_LABEL = "kueue.x-k8s.io/queue-name";
  static final String FLAVOR_KEY = "pool";
  static final String FLAVOR = "gpu";

  /** Added on admission. */
  static final Toleration TOLERATION =
      new TolerationBuilder()
          .withKey("reserved")
          .withOperator("Exists")
          .withEffect("NoSchedule")
          .build();

  private static final String DEVICE = "nvidia.com/gpu";

  private final KubernetesClient client;
  private final Class<T> version;
  private final ScheduledExecutorService work = Executors.newSingleThreadScheduledExecutor();
  private final Map<String, Job> originals = new HashMap<>();
  private final Set<String> admitted = new HashSet<>();
  private final Map<String, String> evictions = new HashMap<>();
  private final Set<String> queues = new HashSet<>();
  private final String namespace;
  private final boolean oldWords;
  private SharedIndexInformer<Job> jobs;
  private ScheduledFuture<?> passes;
  private int quota;
  private int capacity = Integer.MAX_VALUE;

  /**
   * A Kueue that does nothing yet.
   *
   * @param namespace the one it manages
   * @param version the version it writes; the older one has the older words, too
   * @param queues its LocalQueues
   */
  PlayedKueue(KubernetesClient client, String namespace, Class<T> version, String... queues) {
    this.client = client;
    this.namespace = namespace;
    this.version = version;
    this.queues.addAll(List.of(queues));
    oldWords = version == Workload.V1Beta1.class;
  }

  void start() {
    jobs =
        client
            .batch()
            .v1()
            .jobs()
            .inNamespace(namespace)
            .withLabel(QUEUE_LABEL)
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Job job) {
                    sync();
                  }

                  @Override
                  public void onUpdate(Job before, Job now) {
                    sync();
                  }

                  @Override
                  public void onDelete(Job job, boolean unknown) {
                    sync();
                  }
                });
    passes = work.scheduleWithFixedDelay(this::pass, 0, 50, TimeUnit.MILLISECONDS);
  }

  /** Devices that all queues share. */
  void setQuota(int devices) {
    work.execute(() -> quota = devices);
    sync();
  }

  /** Devices that there are, however many are free. */
  void setCapacity(int devices) {
    work.execute(() -> capacity = devices);
    sync();
  }

  /** Takes the devices of everything that is admitted, for somebody more important. */
  void evictAll(String reason) {
    work.execute(
        () -> {
          quota = 0;
          for (String uid : admitted) {
            evictions.put(uid, reason);
          }
        });
    sync();
  }

  @Override
  public void close() {
    passes.cancel(true);
    jobs.close();
    work.shutdownNow();
  }

  private void sync() {
    if (!work.isShutdown()) {
      work.execute(this::pass);
    }
  }

  /** All writes are made over what is there; what fails by a conflict is done by the next pass. */
  private void pass() {
    try {
      List<Job> all =
          new ArrayList<>(
              client
                  .batch()
                  .v1()
                  .jobs()
                  .inNamespace(namespace)
                  .withLabel(QUEUE_LABEL)
                  .list()
                  .getItems());
      all.sort(Comparator.comparing(job -> job.getMetadata().getCreationTimestamp()));
      forgetOthers(all);
      for (Job job : all) {
        sync(job);
      }
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT
          && e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
  }

  private void forgetOthers(List<Job> all) {
    Set<String> uids = new HashSet<>();
    all.forEach(job -> uids.add(job.getMetadata().getUid()));
    admitted.retainAll(uids);
    for (T workload : client.resources(version).inNamespace(namespace).list().getItems()) {
      if (!uids.contains(workload.getMetadata().getOwnerReferences().get(0).getUid())) {
        client.resource(workload).delete();
      }
    }
  }

  private void sync(Job job) {
    String uid = job.getMetadata().getUid();
    boolean suspended = Boolean.TRUE.equals(job.getSpec().getSuspend());
    if (job.getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    T workload = workload(job).orElseGet(() -> create(job));
    if (isFinished(job)) {
      admitted.remove(uid);
      tell(workload, condition("Finished", "True", "Succeeded", "Job finished"));
    } else if (evictions.containsKey(uid)) {
      evict(job, workload, evictions.get(uid));
    } else if (workload.getSpec() != null && Boolean.FALSE.equals(workload.getSpec().active())) {
      refuse(workload, "Deactivated", "The workload is deactivated");
    } else if (!admitted.contains(uid)) {
      if (!suspended) {
        edit(job, now -> new JobBuilder(now).editSpec().withSuspend(true).endSpec().build());
      } else {
        consider(job, workload);
      }
    }
  }

  private void consider(Job job, T workload) {
    String queue = job.getMetadata().getLabels().get(QUEUE_LABEL);
    if (!queues.contains(queue)) {
      refuse(
          workload,
          oldWords ? "Inadmissible" : "Misconfigured",
          "LocalQueue " + queue + " doesn't exist");
      return;
    }
    int needed = devices(job);
    if (needed > capacity) {
      refuse(
          workload,
          oldWords ? "Pending" : "ExceedsMaxQuota",
          "couldn't assign flavors to pod set main: insufficient quota for "
              + DEVICE
              + " in flavor "
              + FLAVOR
              + ", previously considered podsets requests (0) + current podset request ("
              + needed
              + ") > maximum capacity ("
              + capacity
              + ")");
      return;
    }
    int free =
        quota
            - jobs.getStore().list().stream()
                .filter(other -> admitted.contains(other.getMetadata().getUid()))
                .mapToInt(PlayedKueue::devices)
                .sum();
    if (needed > free) {
      refuse(
          workload,
          oldWords ? "Pending" : "WaitingForQuota",
          "couldn't assign flavors to pod set main: insufficient unused quota for "
              + DEVICE
              + " in flavor "
              + FLAVOR
              + ", "
              + (needed - Math.max(0, free))
              + " more needed");
      return;
    }
    admit(job, workload);
  }

  private void admit(Job job, T workload) {
    String uid = job.getMetadata().getUid();
    originals.putIfAbsent(uid, job);
    tell(
        workload,
        condition("QuotaReserved", "True", "QuotaReserved", "Quota reserved in ClusterQueue all"),
        condition("Admitted", "True", "Admitted", "The workload is admitted"),
        condition("Evicted", "False", "QuotaReserved", "Previously: evicted"));
    edit(
        job,
        now ->
            new JobBuilder(now)
                .editSpec()
                .withSuspend(false)
                .editTemplate()
                .editMetadata()
                .addToLabels("kueue.x-k8s.io/podset", "main")
                .addToAnnotations("kueue.x-k8s.io/workload", workload.getMetadata().getName())
                .endMetadata()
                .editSpec()
                .addToNodeSelector(FLAVOR_KEY, FLAVOR)
                .addToTolerations(TOLERATION)
                .endSpec()
                .endTemplate()
                .endSpec()
                .build());
    admitted.add(uid);
  }

  private void evict(Job job, T workload, String reason) {
    String uid = job.getMetadata().getUid();
    tell(workload, condition("Evicted", "True", reason, "Taken for a workload of higher priority"));
    if (!Boolean.TRUE.equals(job.getSpec().getSuspend())) {
      edit(job, now -> new JobBuilder(now).editSpec().withSuspend(true).endSpec().build());
      return;
    }
    if (job.getStatus() != null
        && job.getStatus().getActive() != null
        && job.getStatus().getActive() > 0) {
      return;
    }
    if (job.getStatus() != null && job.getStatus().getStartTime() != null) {
      // The template of a Job that has started cannot be changed.
      client
          .batch()
          .v1()
          .jobs()
          .inNamespace(namespace)
          .withName(job.getMetadata().getName())
          .editStatus(
              now -> new JobBuilder(now).editStatus().withStartTime(null).endStatus().build());
      return;
    }
    Job original = originals.get(uid);
    edit(
        job,
        now ->
            new JobBuilder(now)
                .editSpec()
                .withTemplate(original.getSpec().getTemplate())
                .endSpec()
                .build());
    admitted.remove(uid);
    evictions.remove(uid);
    tell(
        workload,
        condition("QuotaReserved", "False", "Pending", "Taken for a workload of higher priority"),
        condition("Admitted", "False", "NoReservation", "The workload has no reservation"),
        condition("Requeued", "True", reason, "Taken for a workload of higher priority"));
  }

  private void refuse(T workload, String reason, String message) {
    tell(workload, condition("QuotaReserved", "False", reason, message));
  }

  private void edit(Job job, UnaryOperator<Job> change) {
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withName(job.getMetadata().getName())
        .edit(change);
  }

  private Optional<T> workload(Job job) {
    return client.resources(version).inNamespace(namespace).list().getItems().stream()
        .filter(
            found ->
                job.getMetadata()
                    .getUid()
                    .equals(found.getMetadata().getOwnerReferences().get(0).getUid()))
        .findFirst();
  }

  private T create(Job job) {
    T workload = instance();
    workload.setApiVersion("kueue.x-k8s.io/" + (oldWords ? "v1beta1" : "v1beta2"));
    workload.setMetadata(
        new ObjectMetaBuilder()
            .withName("job-" + job.getMetadata().getName())
            .withNamespace(namespace)
            .addNewOwnerReference()
            .withApiVersion("batch/v1")
            .withKind("Job")
            .withName(job.getMetadata().getName())
            .withUid(job.getMetadata().getUid())
            .withController(true)
            .withBlockOwnerDeletion(true)
            .endOwnerReference()
            .build());
    workload.setSpec(new Workload.Spec(true));
    return client.resource(workload).create();
  }

  private T instance() {
    try {
      return version.getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sets conditions, and writes only where one changes. */
  private void tell(T workload, Condition... conditions) {
    client
        .resource(workload)
        .subresource("status")
        .edit(
            now -> {
              Map<String, Condition> all = new HashMap<>();
              if (now.getStatus() != null) {
                now.getStatus().conditions().forEach(old -> all.put(old.getType(), old));
              }
              boolean changes = false;
              for (Condition condition : conditions) {
                Condition old = all.get(condition.getType());
                if (old == null
                    || !old.getStatus().equals(condition.getStatus())
                    || !old.getReason().equals(condition.getReason())
                    || !old.getMessage().equals(condition.getMessage())) {
                  all.put(condition.getType(), condition);
                  changes = true;
                }
              }
              if (changes) {
                now.setStatus(new Workload.Status(List.copyOf(all.values()), null));
              }
              return now;
            });
  }

  private static Condition condition(String type, String status, String reason, String message) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason(reason)
        .withMessage(message)
        .withLastTransitionTime(
            Clock.systemUTC().instant().truncatedTo(ChronoUnit.SECONDS).toString())
        .build();
  }

  private static boolean isFinished(Job job) {
    return job.getStatus() != null
        && job.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    List.of("Complete", "Failed").contains(condition.getType())
                        && "True".equals(condition.getStatus()));
  }

  private static int devices(Job job) {
    Quantity requested =
        job.getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .get(0)
            .getResources()
            .getRequests()
            .get(DEVICE);
    return requested == null ? 0 : Integer.parseInt(requested.getAmount());
  }
}
