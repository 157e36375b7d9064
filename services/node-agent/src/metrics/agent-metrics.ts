import type { HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { RuleClass } from "@hostrouting/netfilter";
import type { MetricFamily, MetricSample } from "@hostrouting/runtime";
import type { GuardObservation } from "../guard/node-guard.ts";
import { ATTEMPT_KINDS, VERDICTS, type AttemptKind, type Reason as WriterReason, type Verdict } from "../guard/guard-layout.ts";
import { DIRECTIONS, REASONS } from "../host-routing/kernel-layout.ts";
import type { Counters } from "../host-routing/counters.ts";

/** What the agent holds anyway. Absent: not known, and then nothing is said of it. */
export type AgentFacts = {
  readonly agentVersion: string;
  /** As it was reported last, or would be. */
  readonly status: HostRoutingNodeStatus | undefined;
  readonly packets: Counters | undefined;
  readonly devices: readonly { readonly attached: boolean }[] | undefined;
  readonly guard: GuardObservation;
  /** Attempts that were told of since this process began, by why their writer had no permit. */
  readonly attemptsToldOf: readonly { readonly verdict: Verdict; readonly why: WriterReason; readonly count: number }[];
  readonly rules: Readonly<Record<RuleClass, number>> | undefined;
};

const STATUSES = ["True", "False", "Unknown"] as const;
const OUTCOMES = ["Passed", "Failed", "Unknown"] as const;
const MODES = ["BpfVeth", "Legacy", "Unknown"] as const;
const SCANS = ["Clean", "Dirty", "Unknown"] as const;

type Described = Pick<MetricFamily, "name" | "help">;

const counter = ({ name, help }: Described, samples: readonly MetricSample[]): MetricFamily => ({ name, help, type: "counter", samples });
const gauge = ({ name, help }: Described, samples: readonly MetricSample[]): MetricFamily => ({ name, help, type: "gauge", samples });

const snakeCase = (name: string): string => name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** A number that may not be known. */
const one = (value: number | undefined): readonly MetricSample[] => (value === undefined ? [] : [{ value }]);

/** Which of a few states holds: 1 for that one, 0 for the others. */
function stateOf<State extends string>(label: string, states: readonly State[], holds: State | undefined): readonly MetricSample[] {
  return holds === undefined ? [] : states.map((state) => ({ labels: { [label]: state }, value: Number(state === holds) }));
}

/**
 * Everything that an agent tells Prometheus. Labels are from fixed sets: neither pods nor processes nor tables are among them. docs/metrics.md explains each;
 * a test compares the two. Pure.
 */
export function agentMetrics(facts: AgentFacts): readonly MetricFamily[] {
  const { agentVersion, status } = facts;
  return [
    gauge({ name: "acns_hostrouting_agent_info", help: "The agent that answers." }, [{ labels: { version: agentVersion }, value: 1 }]),
    gauge(
      { name: "acns_hostrouting_effective_mode", help: "What the kernel shows: 1 for the mode that is in force." },
      stateOf("mode", MODES, status?.effectiveMode),
    ),
    gauge(
      { name: "acns_hostrouting_condition", help: "Conditions of the node's HostRoutingNode: 1 for the status that holds." },
      (status?.conditions ?? []).flatMap(({ type, status: holds }) =>
        stateOf("status", STATUSES, holds).map(({ labels, value }) => ({ labels: { type, ...labels }, value })),
      ),
    ),
    ...guardMetrics(facts),
    ...ruleMetrics(facts),
    ...datapathMetrics(facts),
    ...policyMetrics(facts),
    ...disruptionMetrics(facts),
  ];
}

function guardMetrics({ guard, attemptsToldOf }: AgentFacts): readonly MetricFamily[] {
  const { counters, rung, mode } = guard;
  const kinds = Object.keys(ATTEMPT_KINDS) as AttemptKind[];
  const verdicts = Object.keys(VERDICTS) as Verdict[];
  const attempts = counters
    ? kinds.flatMap((kind) =>
        verdicts.map((verdict) => ({
          labels: { table: snakeCase(kind), outcome: verdict.toLowerCase() },
          value: counters.attempts[kind][verdict],
        })),
      )
    : [];
  return [
    gauge({ name: "acns_hostrouting_guard_info", help: "How the guard refuses on this kernel, and what it does now." }, [
      { labels: { rung, mode }, value: 1 },
    ]),
    counter(
      {
        name: "acns_hostrouting_guard_attempts_total",
        help: "Attempts to write packet filter rules, by the kind of table and what became of them. Exact.",
      },
      attempts,
    ),
    counter(
      {
        name: "acns_hostrouting_guard_attempts_told_total",
        help: "Attempts without a permit that the agent was told of, by why. Of a flood some are not told: see acns_hostrouting_guard_attempts_lost_total.",
      },
      attemptsToldOf.map(({ verdict, why, count }) => ({ labels: { outcome: verdict.toLowerCase(), reason: why }, value: count })),
    ),
    counter(
      {
        name: "acns_hostrouting_guard_attempts_lost_total",
        help: "Attempts that were judged and counted, and of which there was no room to tell.",
      },
      one(counters?.lost),
    ),
    counter(
      { name: "acns_hostrouting_guard_batches_unreadable_total", help: "Batches that could not be walked to their end." },
      one(counters?.unreadable),
    ),
    counter(
      {
        name: "acns_hostrouting_guard_set_changes_total",
        help: "Sets of ipset that were made, renamed or swapped, and their new entries. They pass, whoever makes them.",
      },
      one(counters?.sets),
    ),
  ];
}

function ruleMetrics({ rules, status }: AgentFacts): readonly MetricFamily[] {
  return [
    gauge(
      { name: "acns_hostrouting_rules_state", help: "What the last scan came to: 1 for the state that holds." },
      stateOf("state", SCANS, status?.scan?.state),
    ),
    gauge(
      { name: "acns_hostrouting_rules", help: "Packet filter rules of the last scan by what host routing means to them." },
      Object.entries(rules ?? {}).map(([name, value]) => ({ labels: { class: name }, value })),
    ),
  ];
}

function datapathMetrics({ packets, devices, status }: AgentFacts): readonly MetricFamily[] {
  const counted = packets
    ? DIRECTIONS.flatMap((direction) =>
        REASONS.map((reason) => ({
          labels: { direction: snakeCase(direction), reason },
          value: packets[direction][reason],
        })),
      )
    : [];
  const attached = devices?.filter((device) => device.attached).length;
  return [
    counter(
      {
        name: "acns_hostrouting_packets_total",
        help: "Packets by what became of them: Fast… were redirected, Stack… left to the stack, Drop… dropped.",
      },
      counted,
    ),
    gauge(
      { name: "acns_hostrouting_devices", help: "Devices of pods and uplinks, by whether they carry our programs." },
      devices === undefined || attached === undefined
        ? []
        : [
            { labels: { attached: "true" }, value: attached },
            { labels: { attached: "false" }, value: devices.length - attached },
          ],
    ),
    gauge(
      { name: "acns_hostrouting_masquerade_flows", help: "Flows that are translated on the fast path." },
      one(status?.masquerade?.live),
    ),
    counter(
      { name: "acns_hostrouting_masquerade_ports_exhausted_total", help: "Packets left to the stack because no source port was free." },
      one(status?.masquerade?.exhausted),
    ),
  ];
}

function policyMetrics({ status }: AgentFacts): readonly MetricFamily[] {
  const results = (status?.probes ?? []).filter(({ name }) => name !== "self-test");
  return [
    counter(
      { name: "acns_hostrouting_denied_packets_total", help: "Packets dropped because a network policy denies them." },
      one(status?.policy?.denied),
    ),
    gauge(
      { name: "acns_hostrouting_policy_probes", help: "What a pod of the agent's own found of what policies deny and allow, by outcome." },
      status === undefined
        ? []
        : OUTCOMES.map((outcome) => ({ labels: { outcome }, value: results.filter((result) => result.outcome === outcome).length })),
    ),
  ];
}

/** Of the last switch: an agent that begins knows of none. */
function disruptionMetrics({ status }: AgentFacts): readonly MetricFamily[] {
  const said = status?.disruption;
  const { reset, timeout, connectFailure } = said?.byReason ?? {};
  const silences = (said?.canaries ?? []).map(({ longestSilenceMs = 0 }) => longestSilenceMs / 1000);
  const byReason = Object.entries({ reset, timeout, connect_failure: connectFailure });
  return [
    gauge(
      { name: "acns_hostrouting_last_switch_connections", help: "Established connections of all pods when the last switch began." },
      one(said?.flowsAtSwitch),
    ),
    gauge(
      {
        name: "acns_hostrouting_last_switch_disrupted_connections",
        help: "Connections that broke during the last switch, and failed connects.",
      },
      byReason.flatMap(([reason, value]) => (value === undefined ? [] : [{ labels: { reason }, value }])),
    ),
    gauge(
      {
        name: "acns_hostrouting_last_switch_canary_silence_seconds",
        help: "The longest silence that a flow of the agent's own saw during the last switch.",
      },
      silences.length === 0 ? [] : [{ value: Math.max(...silences) }],
    ),
  ];
}
