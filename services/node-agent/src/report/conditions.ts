import type { HostRoutingNodeStatus } from "@hostrouting/contracts";

/** A condition of the node's report. */
export type Condition = NonNullable<HostRoutingNodeStatus["conditions"]>[number];

const MESSAGE_CHARACTERS_MAX = 2048;

/** Conditions with the time since when each has its status: that of `before` unless the status is another. @param now ISO 8601. */
export function datedConditions(
  conditions: readonly Omit<Condition, "lastTransitionTime">[],
  before: readonly Condition[],
  now: string,
): Condition[] {
  return conditions.map((condition) => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      message: condition.message.slice(0, MESSAGE_CHARACTERS_MAX),
      lastTransitionTime: same?.lastTransitionTime ?? now,
    };
  });
}
