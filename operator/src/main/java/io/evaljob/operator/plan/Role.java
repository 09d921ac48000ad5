package io.evaljob.operator.plan;

/** What a block of a vision-language model does; decides where it may be placed. */
public enum Role {
  Vision,
  Connector,
  Embedding,
  Layers,
  Norm,
  Head
}
