package io.evaljob.operator.reconcile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Nodes with devices: which pod holds how many, and which node is gone. */
final class SimulatedNodes {

  private final int perNode;
  private final List<Node> nodes = new ArrayList<>();

  private static final class Node {
    private final String name;
    private boolean lost;
    private int held;

    Node(String name) {
      this.name = name;
    }
  }

  SimulatedNodes(int count, int perNode) {
    this.perNode = perNode;
    for (int i = 0; i < count; i++) {
      nodes.add(new Node("node-" + i));
    }
  }

  /** A node with room, the fullest first as a bin-packing scheduler chooses. */
  Optional<String> bind(int devices) {
    Optional<Node> best = Optional.empty();
    for (Node node : nodes) {
      if (!node.lost
          && perNode - node.held >= devices
          && best.filter(other -> other.held >= node.held).isEmpty()) {
        best = Optional.of(node);
      }
    }
    best.ifPresent(node -> node.held += devices);
    return best.map(node -> node.name);
  }

  void release(String name, int devices) {
    nodes.stream().filter(node -> node.name.equals(name)).forEach(node -> node.held -= devices);
  }

  /** Its pods are the caller's affair. */
  String lose(int index) {
    Node node = nodes.get(index % nodes.size());
    node.lost = true;
    return node.name;
  }

  void back(String name) {
    nodes.stream().filter(node -> node.name.equals(name)).forEach(node -> node.lost = false);
  }

  int held() {
    return nodes.stream().mapToInt(node -> node.held).sum();
  }

  /** Whether a node holds more devices than it has, or fewer than none. */
  boolean isOverloaded() {
    return nodes.stream().anyMatch(node -> node.held < 0 || node.held > perNode);
  }
}
