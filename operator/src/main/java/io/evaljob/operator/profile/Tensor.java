package io.evaljob.operator.profile;

/**
 * One tensor of a checkpoint.
 *
 * @param name its full name, such as {@code model.layers.0.mlp.up_proj.weight}
 * @param type type of its elements as the file calls it, such as {@code BF16}
 * @param bytes what it takes in the file, 0 or more
 */
record Tensor(String name, String type, long bytes) {}
