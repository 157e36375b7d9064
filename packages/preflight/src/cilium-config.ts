import type { CiliumFacts, ClusterFacts } from "./facts.ts";
import { failed, unknown, type Outcome } from "./rule.ts";

type Config = Readonly<Record<string, string>>;

/** What a node is given over `cilium-config` so that Cilium routes it by eBPF: BPF masquerading is what eBPF routing needs where pods' addresses are masqueraded at all. */
export const ciliumOverrides: Config = { "enable-host-legacy-routing": "false", "enable-bpf-masquerade": "true" };

/** An agent of Cilium's, with the configuration that it has without ours, and that it would have with it. Later names win. */
export type ConfiguredAgent = CiliumFacts["agents"][number] & { readonly without: Config; readonly withOurs: Config };

/** Puts every agent's configuration together as the agent itself does when it starts. */
export function configuredAgents({ config, overrides, agents }: CiliumFacts): readonly ConfiguredAgent[] {
  const data = config?.data ?? {};
  const merged = (before: Config, list: CiliumFacts["overrides"]): Config =>
    Object.assign({}, before, ...list.map(({ defaults }) => defaults)) as Config;
  return agents.map((agent) => {
    const own = overrides.filter(({ nodes }) => nodes.includes(agent.node));
    const [lower, higher] = [own.filter(({ winsOverOurs }) => !winsOverOurs), own.filter(({ winsOverOurs }) => winsOverOurs)];
    const without = merged(merged(data, lower), higher);
    return { ...agent, without, withOurs: merged({ ...merged(data, lower), ...ciliumOverrides }, higher) };
  });
}

const isOn = (config: Config, key: string): boolean => config[key] === "true";

/** Settings with which Cilium leaves routing to the stack, each as `key: value`; empty when it would route by eBPF. Defaults are Cilium's (1.17 and newer). */
export function whyOnTheStack(config: Config): readonly string[] {
  const said = (key: string): string => `${key}: ${config[key] ?? "(not set)"}`;
  // Pods' IPv4 addresses are masqueraded unless somebody says no.
  const masquerades = config["enable-ipv4-masquerade"] !== "false" || isOn(config, "enable-ipv6-masquerade");
  return [
    ...(isOn(config, "enable-host-legacy-routing") ? [said("enable-host-legacy-routing")] : []),
    ...(isOn(config, "kube-proxy-replacement") ? [] : [said("kube-proxy-replacement")]),
    ...(masquerades && !isOn(config, "enable-bpf-masquerade") ? [said("enable-bpf-masquerade")] : []),
    ...(isOn(config, "enable-ipsec") ? [said("enable-ipsec")] : []),
    ...((config["exclude-local-address"] ?? "") === "" ? [] : [said("exclude-local-address")]),
  ];
}

/** Nodes that a finding names. */
const NAMED_MAX = 50;

/** Fails for these nodes; `evidence` is told once for all that share it. */
export function failedNodes(message: string, found: readonly { readonly node: string; readonly evidence: string }[]): Outcome {
  const named = found.slice(0, NAMED_MAX);
  const more = found.length - named.length;
  return failed(
    more === 0 ? message : `${message} ${more} more nodes are not named.`,
    named.map(({ node }) => `node ${node}`),
    [...new Set(found.map(({ evidence }) => evidence))].slice(0, NAMED_MAX).join("; "),
  );
}

/** Judges the cluster's own Cilium, once it is read. */
export function overCilium({ cilium }: ClusterFacts, judge: (cilium: CiliumFacts) => Outcome): Outcome {
  return cilium.known ? judge(cilium.value) : unknown(`Cilium's configuration could not be read: ${cilium.because}`);
}
