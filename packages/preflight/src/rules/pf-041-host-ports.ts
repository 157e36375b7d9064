import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { warns, type Rule } from "../rule.ts";

/** Where Linux begins to give ports to connections by itself (net.ipv4.ip_local_port_range). */
const EPHEMERAL_MIN = 32_768;

/** PF-041: no host port among those that outgoing connections get: answers to such a connection could be taken for calls to the pod. */
export const hostPorts: Rule = {
  id: "PF-041",
  title: "No host ports among those of connections",
  severity: warns,
  drivers: podReaders,
  remedy: "Give these pods host ports below 32768, or a Service.",
  check(facts) {
    return overPods(facts, (pods) =>
      withoutPods(
        "Pods have host ports of 32768 and above.",
        pods.filter((pod) => pod.hostPorts.some((port) => port >= EPHEMERAL_MIN)),
        (pod) => `hostPort ${pod.hostPorts.filter((port) => port >= EPHEMERAL_MIN).join(", ")}`,
      ),
    );
  },
};
