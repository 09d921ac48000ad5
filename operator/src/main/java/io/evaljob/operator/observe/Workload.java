package io.evaljob.operator.observe;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.List;

/**
 * What Kueue keeps of a Job: whether it has quota, and why not. Only what a wait is explained with
 * is read; that is the same in all versions of the API, so there is one class a version and no
 * difference between them.
 */
// Not by the kind that is written there, which is how the interface has it read.
@JsonDeserialize(using = JsonDeserializer.None.class)
@JsonIgnoreProperties(ignoreUnknown = true)
public abstract class Workload implements HasMetadata, Namespaced {

  /** Kueue's API group. */
  public static final String GROUP = "kueue.x-k8s.io";

  private static final long serialVersionUID = 1;

  private String apiVersion;
  private String kind = "Workload";
  private ObjectMeta metadata = new ObjectMeta();
  private Spec spec;
  private Status status;

  /** As Kueue serves it since 0.15. */
  @Group(GROUP)
  @Version("v1beta2")
  @Kind("Workload")
  @Plural("workloads")
  @Singular("workload")
  @JsonDeserialize(using = JsonDeserializer.None.class)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public static final class V1Beta2 extends Workload {
    private static final long serialVersionUID = 1;
  }

  /** As Kueue serves it in earlier releases. */
  @Group(GROUP)
  @Version("v1beta1")
  @Kind("Workload")
  @Plural("workloads")
  @Singular("workload")
  @JsonDeserialize(using = JsonDeserializer.None.class)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public static final class V1Beta1 extends Workload {
    private static final long serialVersionUID = 1;
  }

  /**
   * What is asked for.
   *
   * @param active false: somebody, or Kueue itself, has taken it out of its queue for good
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Spec(Boolean active) {}

  /**
   * What became of it.
   *
   * @param conditions QuotaReserved, Admitted, Evicted, Requeued and others
   * @param admission where it was admitted; null while it was not
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Status(List<Condition> conditions, Admission admission) {
    /** Copies its list. */
    public Status {
      conditions = conditions == null ? List.of() : List.copyOf(conditions);
    }
  }

  /**
   * Where it was admitted.
   *
   * @param clusterQueue the ClusterQueue whose quota it has
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Admission(String clusterQueue) {}

  @Override
  public String getApiVersion() {
    return apiVersion;
  }

  @Override
  public void setApiVersion(String version) {
    apiVersion = version;
  }

  @Override
  public String getKind() {
    return kind;
  }

  /** Sets the kind, which is always Workload. */
  public void setKind(String kind) {
    this.kind = kind;
  }

  @Override
  public ObjectMeta getMetadata() {
    return metadata;
  }

  @Override
  public void setMetadata(ObjectMeta metadata) {
    this.metadata = metadata;
  }

  /** What is asked for; null where nothing is said. */
  public Spec getSpec() {
    return spec;
  }

  /** Sets what is asked for. */
  public void setSpec(Spec spec) {
    this.spec = spec;
  }

  /** What became of it; null while Kueue has not looked at it. */
  public Status getStatus() {
    return status;
  }

  /** Sets what became of it. */
  public void setStatus(Status status) {
    this.status = status;
  }
}
