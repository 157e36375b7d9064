import type { Condition } from "../report/conditions.ts";
import type { RuleScan } from "./rule-watch.ts";

/** Rules that a message names; the rest is counted. */
const NAMED_MAX = 5;

/**
 * `DefaultRulesPresent`: whether the rules that the node's image and its parts write are there as they write them. Absent before the node's image
 * was asked for. Unknown where the image is none that is known: what it writes cannot be told, and rules of every image count as its own.
 */
export function defaultRulesCondition({ verdict, image }: Pick<RuleScan, "verdict" | "image">): Omit<Condition, "lastTransitionTime">[] {
  if (image === "NotRead") return [];
  const say = (status: Condition["status"], reason: string, message: string) => [{ type: "DefaultRulesPresent", status, reason, message }];
  const { missing } = verdict;
  if (missing === undefined) return say("Unknown", "NotRead", "Whether the node's own packet filter rules are there cannot be told.");
  if (missing.length > 0) {
    const named = missing.slice(0, NAMED_MAX).map(({ entry, owner, why }) => `${entry} (${owner}): ${why}`);
    const more = missing.length - named.length;
    return say("False", "Missing", ["Gone or altered:", ...named, ...(more > 0 ? [`And ${more} more.`] : [])].join(" "));
  }
  if (image === "Unknown")
    return say(
      "Unknown",
      "ImageUnknown",
      "The node's image is not known: rules of every image of AKS count as its own, and none is missed.",
    );
  return say("True", "Present", "");
}
