import type { OutsideRanges } from "./address-classes.ts";
import type { RulesByFamily } from "./saved-rules.ts";

/**
 * What both the configuration and the node's own rules say. Where they differ (ip-masq-agent follows its configuration a minute late)
 * the range is doubtful, and the stack decides. A family without rules is left out: nobody would take over when we go.
 * @param kept ranges of the configuration that keep the pod's address.
 */
export function outsideRanges(kept: readonly string[], rules: RulesByFamily, service: readonly string[]): OutsideRanges {
  const native: string[] = [];
  const doubtful: string[] = [];
  const families: (4 | 6)[] = [];
  for (const family of [4, 6] as const) {
    const ofNode = rules[family];
    if (ofNode.state !== "present") continue;
    families.push(family);
    const ofConfig = kept.filter((range) => range.includes(":") === (family === 6));
    native.push(...ofConfig.filter((range) => ofNode.kept.includes(range)));
    doubtful.push(...symmetricDifference(ofConfig, ofNode.kept));
  }
  return { native, doubtful, service, families };
}

function symmetricDifference(a: readonly string[], b: readonly string[]): string[] {
  return [...a.filter((entry) => !b.includes(entry)), ...b.filter((entry) => !a.includes(entry))];
}
