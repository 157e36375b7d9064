import { writerOf } from "../known-writers.ts";
import { overPods, podReaders, withoutPods } from "../pod-rule.ts";
import { warns, type Rule } from "../rule.ts";

/** PF-063: nothing runs that is known to write packet filter rules on nodes: with host routing on they are refused, or passed by. */
export const writersPresent: Rule = {
  id: "PF-063",
  title: "No known writers of rules",
  severity: warns,
  drivers: podReaders,
  remedy: "Say what their rules are for with a network policy, or keep these pods off the nodes with host routing.",
  check(facts) {
    return overPods(facts, (pods) =>
      withoutPods(
        "Programs run that write packet filter rules on their nodes.",
        pods.filter((pod) => writerOf(pod) !== undefined),
        (pod) => {
          const writer = writerOf(pod);
          return writer === undefined ? "" : `${writer.name} writes ${writer.writes}`;
        },
      ),
    );
  },
};
