import type { HostRoutingNodeSpec, HostRoutingNodeStatus } from "@hostrouting/contracts";
import type { CanaryObservation } from "../canary/node-canary.ts";
import type { Census } from "../census/connection-census.ts";
import { guardCondition, guardStatus, rulesCondition, tamperedCondition } from "../guard/guard-report.ts";
import type { GuardObservation } from "../guard/node-guard.ts";
import type { Figures } from "../figures/node-figures.ts";
import { handOverCondition } from "../hand-over/hand-over-condition.ts";
import { summarise } from "../host-routing/counters.ts";
import type { Decision } from "../host-routing/decide-desired.ts";
import { effectiveMode } from "../host-routing/effective-mode.ts";
import type { OwnIdentity } from "../host-routing/judge-order.ts";
import type { Observation } from "../host-routing/node-datapath.ts";
import type { MasqueradeDecision } from "../masquerade/decide-masquerade.ts";
import { masqueradeStatus } from "../masquerade/masquerade-status.ts";
import type { DenialDecision } from "../policy/decide-denials.ts";
import { policyStatus } from "../policy/policy-status.ts";
import type { ProbeReport } from "../probes/node-probes.ts";
import { policyCondition } from "../probes/policy-condition.ts";
import { defaultRulesCondition } from "../rules/default-rules-condition.ts";
import type { RuleScan } from "../rules/rule-watch.ts";
import { scanReport, type ScanReport } from "../rules/scan-report.ts";
import { datedConditions, type Condition } from "./conditions.ts";
import { disruptionReport } from "./disruption-report.ts";
import { refusalReport } from "./refusals.ts";

/** Devices in a report; the custom resource allows no more. */
const DEVICES_MAX = 300;
const MESSAGE_CHARACTERS_MAX = 2048;
const PROBE_CHARACTERS_MAX = 512;
/** What a node's own rules let pass; the custom resource allows no more. */
const MISSING_MAX = 16;
/** How long a switch is watched after its last step: then its figures are final. */
const SWITCH_WATCHED_SECONDS = 60;
/** A canary that was silent for longer is news; other lengths come with the next report. */
const CANARY_SILENT_MS = 1000;

/** What a report is made of. */
export type StatusInputs = {
  own: OwnIdentity;
  agentVersion: string;
  order: HostRoutingNodeSpec | null | undefined;
  decision: Decision;
  seen: Observation;
  masquerade: MasqueradeDecision;
  denials: DenialDecision;
  /** What a pod of the agent's own has found. */
  probes: ProbeReport;
  /** Of the report before this one. */
  policy: HostRoutingNodeStatus["policy"];
  /** Absent before the first switch of this agent. */
  canary: CanaryObservation | undefined;
  census: Census;
  figures: Figures;
  /** Of the report before this one. */
  conditions: readonly Condition[];
  facts: NonNullable<HostRoutingNodeStatus["facts"]>;
  /** Undefined before the first scan. */
  rules: RuleScan | undefined;
  rulesMessage: string;
  guard: GuardObservation;
  observedAt: string;
};

/** The status of HostRoutingNode. Mode and devices are the kernel's word; a refused order shows in `reason`. */
export function nodeStatus(inputs: StatusInputs): HostRoutingNodeStatus {
  const { own, seen, decision, order } = inputs;
  const effective = effectiveMode(seen);
  const { fast, stack, denied, fastShare, stackReasons } = summarise(seen.counters);
  const reason = effective.reason === "Draining" ? effective.reason : (decision.reason ?? effective.reason);
  const message = decision.reason ? `${decision.message ?? ""} ${effective.message}` : effective.message;
  const policy = policyStatus({ decision: inputs.denials, shown: seen.denials, denied, before: inputs.policy, now: inputs.observedAt });
  const on = seen.control?.mode === "On" && seen.control.deadlineNs === 0n;
  return {
    observedGeneration: decision.state.generation,
    fencingToken: decision.state.fencingToken,
    nodeUID: own.nodeUid,
    bootID: own.bootId,
    agentVersion: inputs.agentVersion,
    bundleDigest: own.bundleDigest,
    effectiveMode: effective.mode,
    confirmed: on && order?.confirmedGeneration === seen.control?.generation,
    reason,
    message: message.trim().slice(0, MESSAGE_CHARACTERS_MAX),
    fastShare,
    packets: { fast, stack },
    stackReasons,
    ...refusalReport(seen.devices),
    devices: seen.devices.slice(0, DEVICES_MAX),
    probes: probesOf(inputs),
    facts: inputs.facts,
    ...(inputs.rules && {
      scan: { ...scanReport(inputs.rules.verdict), ...imageReport(inputs.rules), platformRules: platformReport(inputs.rules) },
    }),
    guard: guardStatus(inputs.guard),
    masquerade: masqueradeStatus({
      decision: inputs.masquerade,
      shown: seen.masquerade,
      on: effective.mode === "BpfVeth",
      exhausted: seen.counters.fromPod.StackNoPort,
    }),
    policy,
    ...disruptionReport(seen.disruption, inputs.canary),
    census: inputs.census,
    figures: inputs.figures,
    conditions: datedConditions(
      [
        { type: "MasqueradeConfigInSync", ...inputs.masquerade.config.validity },
        guardCondition(inputs.guard),
        ...tamperedCondition(inputs.guard, Date.parse(inputs.observedAt)),
        ...(inputs.rules ? [rulesCondition(inputs.rules.verdict, inputs.rulesMessage), ...defaultRulesCondition(inputs.rules)] : []),
        ...handOverCondition(seen.handedOver),
        ...policyCondition(policy, inputs.probes.results),
      ],
      inputs.conditions,
      inputs.observedAt,
    ),
    observedAt: inputs.observedAt,
  };
}

function probesOf({ seen: { selfTest }, probes, observedAt }: StatusInputs): NonNullable<HostRoutingNodeStatus["probes"]> {
  return [
    ...(selfTest ? [{ name: "self-test", outcome: selfTest.outcome, message: selfTest.message, observedAt }] : []),
    ...probes.results.map(({ name, outcome, message }) => ({
      name,
      outcome,
      message: message.slice(0, PROBE_CHARACTERS_MAX),
      observedAt: probes.observedAt,
    })),
  ];
}

/** Nothing as long as nobody has read the node's label: that is no image of which nobody has heard. */
function imageReport({ image }: RuleScan): Pick<ScanReport, "image"> {
  if (image === "NotRead") return {};
  return { image: image === "Unknown" ? "" : image.version };
}

function platformReport({ platform: { state, missing } }: RuleScan): NonNullable<ScanReport["platformRules"]> {
  return { state, missing: missing.slice(0, MISSING_MAX) };
}

/** The part of a status whose change is worth a write of its own: everything but counters and times. */
export function statusFingerprint(status: HostRoutingNodeStatus): string {
  const {
    packets: _packets,
    fastShare: _share,
    stackReasons: _reasons,
    observedAt: _at,
    probes,
    masquerade,
    policy,
    disruption,
    guard,
    census: _census,
    figures: _figures,
    ...rest
  } = status;
  return JSON.stringify({
    ...rest,
    masquerade: { ...masquerade, live: 0, exhausted: 0 },
    guard: { ...guard, allowed: 0 },
    policy: { ...policy, denied: 0 },
    disruption: disruption && [
      disruption.step,
      disruption.disrupted,
      disruption.fault,
      disruption.canaryFault,
      disruption.canaries?.map(({ longestSilenceMs, failed }) => failed === true || (longestSilenceMs ?? 0) > CANARY_SILENT_MS),
      disruption.watchedSeconds === SWITCH_WATCHED_SECONDS,
    ],
    probes: probes?.map(({ name, outcome }) => `${name}=${outcome}`),
  });
}
