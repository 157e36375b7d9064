import type { ClusterFacts, NodeFacts } from "./facts.ts";
import { failed, needsAgent, passed, skipped, unknown, type Outcome, type Rule } from "./rule.ts";

/** What distinguishes one rule over agents' preconditions from another. `name`: as the agent reports it. */
export type NodePrecondition = Pick<Rule, "id" | "title" | "severity" | "remedy"> & {
  readonly name: string;
  /** Agents of earlier versions say other preconditions and not this one; their nodes are not judged. */
  readonly isOptional?: true;
};

/** A rule that holds when every agent says that its node meets a precondition. Nodes without an agent are judged once they have one. */
export function nodePrecondition({ name, isOptional, ...rule }: NodePrecondition): Rule {
  return { ...rule, drivers: ["bundle"], check: (facts) => check(facts, name, isOptional === true) };
}

function check({ nodes }: ClusterFacts, name: string, isOptional: boolean): Outcome {
  if (!nodes.known) return unknown(`The nodes could not be read: ${nodes.because}`);
  const reporting = nodes.value.filter((node) => node.agentOs !== undefined || node.preconditions !== undefined);
  if (reporting.length === 0) return needsAgent("No agent has reported yet.");
  const asked = reporting.filter(
    ({ preconditions }) => !isOptional || preconditions === undefined || preconditions.some((one) => one.name === name),
  );
  if (asked.length === 0) return skipped("No agent says this of its node.");
  const found = asked.map((node) => ({ node: node.name, ...answerOf(node, name) }));
  const broken = found.filter(({ outcome }) => outcome === "Failed");
  if (broken.length > 0)
    return failed(
      [...new Set(broken.map(({ message }) => message))].join(" "),
      broken.map(({ node }) => `node ${node}`),
      broken.map(({ node, message }) => `${node}: ${message}`).join("; "),
    );
  const unread = found.filter(({ outcome }) => outcome === "Unknown");
  if (unread.length > 0) return unknown(unread.map(({ node, message }) => `Node ${node}: ${message}`).join(" "));
  return passed();
}

function answerOf(node: NodeFacts, name: string): NonNullable<NodeFacts["preconditions"]>[number] {
  const answer = node.preconditions?.find((precondition) => precondition.name === name);
  return answer ?? { name, outcome: "Unknown", message: "the agent has not looked yet." };
}
