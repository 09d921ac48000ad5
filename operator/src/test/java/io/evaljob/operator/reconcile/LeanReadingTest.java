package io.evaljob.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;

class LeanReadingTest {

  private final KubernetesSerialization lean = LeanReading.serialization();
  private final KubernetesSerialization whole = new KubernetesSerialization();

  private static final String POD =
      """
      {"apiVersion": "v1", "kind": "Pod",
       "metadata": {"name": "a", "uid": "1", "labels": {"l": "v"}, "annotations": {"a": "v"},
                    "managedFields": [{"manager": "kubelet"}]},
       "spec": {"nodeName": "n", "hostNetwork": true,
                "containers": [{"name": "c", "image": "i"}],
                "volumes": [{"name": "v", "configMap": {"name": "m", "defaultMode": 420}}]},
       "status": {"phase": "Failed", "podIP": "10.0.0.1", "qosClass": "Guaranteed",
                  "containerStatuses": [
                    {"name": "c", "ready": false, "restartCount": 0, "imageID": "x",
                     "state": {"terminated": {"exitCode": 3, "message": "left"}}}]}}
      """;

  @Test
  void whatAPassReadsIsThereAndNothingElse() {
    String read =
        """
        {"apiVersion":"v1","kind":"Pod",\
        "metadata":{"annotations":{"a":"v"},"labels":{"l":"v"},"name":"a","uid":"1"},\
        "spec":{"containers":[{"name":"c"}],"nodeName":"n",\
        "volumes":[{"configMap":{"name":"m"},"name":"v"}]},\
        "status":{"containerStatuses":[{"imageID":"x","name":"c",\
        "state":{"terminated":{"exitCode":3,"message":"left"}}}],"phase":"Failed"}}""";
    assertThat(lean.asJson(lean.unmarshal(POD, Pod.class))).isEqualTo(read);

    WatchEvent event =
        lean.unmarshal("{\"type\": \"ADDED\", \"object\": " + POD + "}", WatchEvent.class);
    assertThat(event.getObject()).isInstanceOf(Pod.class);
    assertThat(lean.asJson(event.getObject())).isEqualTo(read);
  }

  @Test
  void aJobKeepsWhichRunnerItMountsAndHowItEnded() {
    Job job =
        lean.unmarshal(
            """
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
             "spec": {"parallelism": 1, "template": {"metadata": {"labels": {"a": "b"}},
               "spec": {"volumes": [{"name": "r", "configMap": {"name": "runner"}}]}}},
             "status": {"active": 1, "conditions": [{"type": "Complete", "status": "True"}]}}
            """,
            Job.class);

    assertThat(job.getSpec().getTemplate().getSpec().getVolumes().get(0).getConfigMap().getName())
        .isEqualTo("runner");
    assertThat(job.getStatus().getConditions().get(0).getType()).isEqualTo("Complete");
    assertThat(job.getSpec().getParallelism()).isNull();
  }

  @Test
  void whatIsWrittenIsWhole() {
    Pod pod = whole.unmarshal(POD, Pod.class);
    Pod built = new PodBuilder(pod).build();

    assertThat(lean.asJson(built)).isEqualTo(whole.asJson(pod)).contains("hostNetwork", "managed");
  }
}
