package io.evaljob.operator.plan;

/**
 * A cut of a {@link SplitProblem}.
 *
 * @param cuts device d gets the blocks from {@code cuts[d]} inclusive to {@code cuts[d + 1]}
 *     exclusive
 * @param headDevice device of norm and head
 * @param headroom least of capacity less load over the devices; negative when it does not fit
 */
@SuppressWarnings("ArrayRecordComponent") // numbers only: never compared, never changed
record SplitSolution(int[] cuts, int headDevice, long headroom) {}
