import type { CiliumFacts, ClusterFacts } from "../facts.ts";
import { good, unreadable, withProfile, type RuleCase } from "./good-facts.ts";

const ours: ClusterFacts = { ...good, driver: "cilium" };
const fine: CiliumFacts = good.cilium.known ? good.cilium.value : { config: undefined, overrides: [], agents: [] };
const withCilium = (changes: Partial<CiliumFacts>): ClusterFacts => ({ ...ours, cilium: { known: true, value: { ...fine, ...changes } } });
const withConfig = (data: Readonly<Record<string, string>>): ClusterFacts =>
  withCilium({ config: { writers: fine.config?.writers, data: { ...fine.config?.data, ...data } } });
const [agent] = fine.agents;
const withAgent = (changes: Partial<CiliumFacts["agents"][number]>): ClusterFacts =>
  withCilium({ agents: agent ? [{ ...agent, ...changes }] : [] });
const override = (name: string, defaults: Readonly<Record<string, string>>, nodes: readonly string[] = ["n1"]): ClusterFacts =>
  withCilium({ overrides: [{ name, defaults, nodes, winsOverOurs: name > "acns-hostrouting-" }] });

const judged = (id: string): RuleCase[] => [
  [id, "a Cilium with nothing to object to", ours, "passed"],
  [id, "a Cilium that was not read", { ...ours, cilium: unreadable }, "unknown"],
];
const silent = (id: string): RuleCase => [id, "not asked of the bundle", good, "skipped"];

/** Rules over a Cilium of the cluster's own. */
export const ciliumCases: readonly RuleCase[] = [
  ["PF-007", "no plugin of Azure's beside Cilium", { ...withProfile({ networkPlugin: "none" }), driver: "cilium" }, "passed"],
  ["PF-007", "no plugin with the bundle", withProfile({ networkPlugin: "none" }), "failed"],
  ...judged("PF-008"),
  ["PF-008", "no agent of Cilium's", withCilium({ agents: [] }), "failed", ["DaemonSet cilium"]],
  ["PF-008", "no data plane of Azure's, and a Cilium of its own", { ...withProfile({ networkDataplane: "" }), driver: "cilium" }, "passed"],
  ...judged("PF-027"),
  silent("PF-027"),
  ["PF-027", "no configuration", withCilium({ config: undefined }), "failed", ["cilium-config"]],
  ["PF-027", "kube-proxy is not replaced", withConfig({ "kube-proxy-replacement": "false" }), "failed", ["node n1"]],
  ["PF-027", "IPsec", withConfig({ "enable-ipsec": "true" }), "failed", ["node n1"]],
  ["PF-027", "addresses are excluded", withConfig({ "exclude-local-address": "10.0.0.0/8" }), "failed", ["node n1"]],
  ["PF-027", "the packet filter masquerades, which we override", withConfig({ "enable-bpf-masquerade": "false" }), "passed"],
  ["PF-027", "an override that wins over ours", override("zz", { "enable-host-legacy-routing": "true" }), "failed", ["node n1"]],
  ["PF-027", "an override that wins, masquerading by the packet filter", override("zz", { "enable-bpf-masquerade": "false" }), "failed"],
  ["PF-027", "an override that loses", override("a", { "enable-host-legacy-routing": "true" }), "passed"],
  ["PF-027", "an override of other nodes", override("zz", { "enable-host-legacy-routing": "true" }, ["n2"]), "passed"],
  ["PF-027", "agents that mount the configuration as it is", withAgent({ readsNodeConfigs: false }), "failed", ["node n1"]],
  ...judged("PF-028"),
  silent("PF-028"),
  ["PF-028", "nobody tells who wrote it", withCilium({ config: { data: {}, writers: undefined } }), "unknown"],
  [
    "PF-028",
    "edited by hand",
    withCilium({
      config: {
        data: {},
        writers: [
          { name: "kubectl-edit", keys: ["debug"] },
          { name: "helm", keys: ["debug", "enable-ipv4"] },
        ],
      },
    }),
    "failed",
    ["cilium-config, by kubectl-edit"],
  ],
  ["PF-028", "an override of what we override", override("a", { "enable-bpf-masquerade": "true" }), "failed", ["CiliumNodeConfig a"]],
  ["PF-028", "an override of something else", override("a", { debug: "true" }), "passed"],
  ...judged("PF-029"),
  silent("PF-029"),
  ["PF-029", "eBPF already", withAgent({ hostRouting: "BPF" }), "failed", ["node n1"]],
  ["PF-029", "eBPF because of us", withAgent({ hostRouting: "BPF", isOrdered: true }), "passed"],
  ["PF-029", "fallen back", withConfig({ "enable-host-legacy-routing": "false", "enable-bpf-masquerade": "true" }), "failed", ["node n1"]],
  ["PF-029", "an agent that does not tell", withAgent({ hostRouting: "Unknown" }), "unknown"],
  ["PF-054", "every right, also with Cilium", ours, "passed"],
  [
    "PF-054",
    "no right to run programs in Cilium's pods",
    {
      ...ours,
      ciliumPermissions: {
        known: true,
        value: [
          { apiGroups: [""], resources: ["pods"], verbs: ["*"] },
          { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["cilium-config"] },
          { apiGroups: ["cilium.io"], resources: ["*"], verbs: ["*"] },
        ],
      },
    },
    "failed",
    ["get pods/exec in kube-system", "create pods/exec in kube-system"],
  ],
  ["PF-054", "rights in Cilium's namespace not read", { ...ours, ciliumPermissions: unreadable }, "unknown"],
];
