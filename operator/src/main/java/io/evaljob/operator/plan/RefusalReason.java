package io.evaljob.operator.plan;

/** Every reason for which a job is refused before a pod exists: the planner's and validation's. */
public enum RefusalReason {
  /** The resource name is in no row of the accelerator table. */
  UnknownAccelerator,
  /** A number is outside its range. */
  OutOfRange,
  /** The profile contradicts itself or holds impossible figures. */
  ProfileInvalid,
  /** The profile does not allow this device count. */
  DeviceCountNotAllowed,
  /** More than one partition for a process that can use only one. */
  SplitOverPartitions,
  /** More than one replica of a shared device. */
  SharedReplicas,
  /** The loader of this model cannot use more than one device. */
  LoaderCannotSplit,
  /** The strategy is not one that the loader of this model knows. */
  StrategyNotSupported,
  /** The split needs sizes that no profile gives. */
  ProfileRequired,
  /** A tensor-parallel loader runs as one process. */
  TensorParallelProcesses,
  /** The harness rounds this tensor-parallel size down and leaves devices idle. */
  TensorParallelWasteful,
  /** The tensor-parallel size does not divide the heads. */
  TensorParallelHeads,
  /** The machine shows no device. */
  NoDevices,
  /** The machine has fewer devices than processes. */
  FewerDevicesThanProcesses,
  /** The machine's devices are not divisible by the processes. */
  DevicesNotDivisible,
  /** The machine has fewer devices than the plan needs. */
  NotEnoughDevices,
  /** A device of the machine is named twice, or its name cannot stand in a list. */
  DeviceListInvalid,
  /** A device of the machine has less memory than the job asks for. */
  DeviceMemoryTooSmall,
  /** The model does not fit the devices. */
  ModelTooLarge,
  /** The plan takes more devices than are allowed. */
  DeviceLimitExceeded,
  /** The device map cannot be used beside this strategy or with this loader. */
  DeviceMapNotSupported,
  /** The device map names something that is no device of the process. */
  DeviceMapRange,
  /** The device map names a module that the model does not have. */
  DeviceMapUnknownModule,
  /** The device map leaves a module without a device. */
  DeviceMapIncomplete,
  /** The device map puts one block on several devices. */
  DeviceMapCutsBlock,
  /** The device map puts a module that receives inputs elsewhere than on device 0. */
  DeviceMapInputDevice,
  /** The device map separates a tied head from its embedding. */
  DeviceMapTiedHead,
  /** The device map leaves a device empty. */
  DeviceMapEmptyDevice,

  // The remaining reasons are those of validation.

  /** A field is missing, malformed, or contradicts another. */
  InvalidValue,
  /** The variable is derived by the operator and cannot be set. */
  ReservedVariable,
  /** The runtime's allow list does not name it. */
  NotAllowedByRuntime,
  /** A profile says that the harness cannot evaluate this model. */
  ModelNotSupported,
  /** The runtime does not serve this namespace. */
  NamespaceNotAllowed,
  /** A limit of the runtime is exceeded. */
  LimitExceeded,
  /** The data set's scoring needs a device. */
  ScoringNeedsDevice,
  /** Several concurrent models share a claim that only one node can mount. */
  SharedClaim,
  /** The field cannot change during a run. */
  Immutable
}
