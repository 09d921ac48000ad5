package io.evaljob.operator.resources;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/**
 * {@code plan.json}: all that the runner and the later stages have to know of one model's run.
 *
 * <p>It holds no path of the container, because the one-machine mode has other ones. What is left
 * out is null here, or empty; the accessors of nested records that can be null say so.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param job the EvalJob
 * @param run the run
 * @param model the model
 * @param datasets the data sets, in the order of the spec
 * @param harness what evaluates
 * @param scoring how predictions become scores
 * @param smokeTest the short run before the real one; null when there is none
 * @param devices what the evaluating container gets
 * @param ranks the processes with their devices
 * @param split how the model is spread over the devices of one process
 * @param resources amounts that preflight checks
 * @param cache the shared cache; null when there is none
 * @param runtime the EvalRuntime
 * @param profile the profile that the plan was made from
 * @param notes what a person should know of the plan
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record PlanDocument(
    String schemaVersion,
    Job job,
    Run run,
    Model model,
    List<Dataset> datasets,
    Harness harness,
    Scoring scoring,
    SmokeTest smokeTest,
    Devices devices,
    @JsonInclude List<Rank> ranks,
    Split split,
    Resources resources,
    Cache cache,
    RuntimeIdentity runtime,
    Profile profile,
    List<String> notes) {
  /** The only version there is; another one means another operator wrote it. */
  public static final String SCHEMA_VERSION = "1";

  /** The context of a container of a cluster's pod. */
  static final String POD = "Pod";

  /** Copies the collections; null becomes empty. */
  public PlanDocument {
    datasets = copy(datasets);
    ranks = copy(ranks);
    notes = copy(notes);
  }

  /** The EvalJob. */
  public record Job(String namespace, String name, String uid) {}

  /** The model; {@code parameters} go to its class. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Model(
      String name, String catalogEntry, Source source, Map<String, String> parameters) {
    public Model {
      parameters = parameters == null ? Map.of() : Map.copyOf(parameters);
    }
  }

  /** Where the weights are; fields that the kind does not use are empty. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Source(SourceKind kind, String hubID, String revision, String volume, String path) {
    public Source {
      hubID = orEmpty(hubID);
      revision = orEmpty(revision);
      volume = orEmpty(volume);
      path = orEmpty(path);
    }
  }

  /** The kinds of {@link Source}. */
  public enum SourceKind {
    /** Those that the catalogue entry names. */
    Entry,
    /** A repository of the hub. */
    Hub,
    /** A folder of a volume. */
    Volume
  }

  /** A data set; {@code volume} and {@code path} are empty for one that the harness knows. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Dataset(String name, String volume, String path) {
    public Dataset {
      volume = orEmpty(volume);
      path = orEmpty(path);
    }
  }

  /** What evaluates; {@code dialect} and {@code command} as the kind needs. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Harness(String kind, String dialect, List<String> command, String prepareScript) {
    public Harness {
      dialect = orEmpty(dialect);
      command = copy(command);
      prepareScript = orEmpty(prepareScript);
    }
  }

  /** How predictions become scores; {@code judge} is null unless the mode is Judge. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Scoring(String mode, Judge judge) {}

  /** A judge model; its key comes by an environment variable of the Score stage. */
  public record Judge(String url, String model) {}

  /**
   * The short run before the real one.
   *
   * @param onDifference {@code Fail} or {@code Warn}: what follows when a split changes answers
   */
  public record SmokeTest(int samples, String onDifference) {}

  /**
   * What the evaluating container gets.
   *
   * @param context {@link #POD} or {@code BareProcess}
   * @param vendor who makes the devices
   * @param resourceName extended resource to request
   * @param kind {@code Whole}, {@code Partition} or {@code Shared}
   * @param processVariable variable that lists the devices of a process
   * @param namedByPlugin whether the device plugin sets it, and leaves it out for a whole node
   * @param rivalVariables variables that would filter devices a second time: no rank gets them
   * @param containerEnvironment device variables of the evaluating container
   * @param helperEnvironment device variables of a container without devices
   * @param perProcess devices of each process; 0 is CPU
   * @param processes number of ranks
   * @param total devices of the container
   * @param minMemoryBytes least memory of every device; 0 when not asked for
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Devices(
      String context,
      String vendor,
      String resourceName,
      String kind,
      String processVariable,
      boolean namedByPlugin,
      List<String> rivalVariables,
      Map<String, String> containerEnvironment,
      Map<String, String> helperEnvironment,
      int perProcess,
      int processes,
      int total,
      long minMemoryBytes) {
    public Devices {
      rivalVariables = copy(rivalVariables);
      containerEnvironment = copy(containerEnvironment);
      helperEnvironment = copy(helperEnvironment);
    }
  }

  /** One process and the entries of its process variable. */
  public record Rank(int rank, List<String> visibleDevices) {
    public Rank {
      visibleDevices = copy(visibleDevices);
    }
  }

  /**
   * How the model is spread over the devices of one process.
   *
   * @param strategy {@code None}, {@code Layers}, {@code TensorParallel} or {@code DeviceMap}
   * @param loader {@code Transformers}, {@code VLLM}, {@code LMDeploy} or {@code SingleDevice}
   * @param tensorParallelSize devices that share every layer; null without tensor parallelism
   * @param assignments blocks to devices, for Layers
   * @param devices loads per device, where the sizes are known
   * @param deviceMap module to device, for DeviceMap
   * @param reservePercent percent of a device's memory to leave free where the harness places the
   *     model itself
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Split(
      String strategy,
      String loader,
      Integer tensorParallelSize,
      List<Assignment> assignments,
      List<DeviceLoad> devices,
      Map<String, Integer> deviceMap,
      int reservePercent) {
    public Split {
      assignments = copy(assignments);
      devices = copy(devices);
      deviceMap = deviceMap == null ? Map.of() : Map.copyOf(deviceMap);
    }
  }

  /** A contiguous run of blocks on one logical device; see {@code plan.Assignment}. */
  public record Assignment(
      String role, List<String> moduleNames, int first, int count, int device, long bytes) {
    public Assignment {
      moduleNames = copy(moduleNames);
    }
  }

  /** What one logical device carries, in bytes; capacity 0 is unknown. */
  public record DeviceLoad(int index, long weightsBytes, long loadBytes, long capacityBytes) {}

  /** Amounts that preflight checks; 0 is not checked. */
  public record Resources(long sharedMemoryBytes) {}

  /**
   * The shared cache.
   *
   * @param access {@code Prefetch} or {@code ReadOnly}
   * @param datasetPath folder of data sets inside it
   * @param hubPath folder of the model hub inside it
   */
  public record Cache(String access, String datasetPath, String hubPath) {}

  /** The EvalRuntime as it was when the plan was made. */
  public record RuntimeIdentity(String name, long generation, String image) {}

  /** The profile; {@code source} is an origin, or None without a profile. */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Profile(String name, String source) {
    public Profile {
      name = orEmpty(name);
    }
  }

  private static <T> List<T> copy(List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }

  private static Map<String, String> copy(Map<String, String> map) {
    return map == null ? Map.of() : Map.copyOf(map);
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
