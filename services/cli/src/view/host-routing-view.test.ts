import assert from "node:assert/strict";
import { test } from "node:test";
import { errorLines, hostRoutingLines, runningOperation, type HostRoutingPicture } from "./host-routing-view.ts";

const NOW = Date.parse("2026-01-01T00:00:10Z");

const quiet = { stackReasons: [], refusedDevices: 0, refusals: [] };

function picture(properties: object, nodes: readonly object[] = []): HostRoutingPicture {
  const settled = {
    desiredMode: "None",
    effectiveMode: "None",
    driver: "bundle",
    state: "Disabled",
    health: "Healthy",
    conditions: [],
    nodeCounts: {},
    waits: [],
    warnings: [],
    policy: { name: "block-azure-destinations", mode: "Correct", state: "NotManaged", message: "", drift: [] },
  };
  return { hostRouting: { properties: { ...settled, ...properties } }, nodes } as unknown as HostRoutingPicture;
}

test("a settled cluster is one line", () => {
  assert.deepEqual(hostRoutingLines(picture({}), "lab", NOW), ["lab: Disabled, Healthy; desired None, effective None (driver bundle)"]);
});

test("nodes have a bar each, in columns; waits say for whom, how long and what to do", () => {
  const seen = picture(
    {
      desiredMode: "BpfVeth",
      effectiveMode: "Mixed",
      state: "Enabling",
      operation: { kind: "EnableHostRouting", phase: "Rolling", percentComplete: 45 },
      waits: [
        {
          reason: "Verifying",
          subject: "n2",
          since: "2026-01-01T00:00:08Z",
          until: "2026-01-01T00:00:40Z",
          message: "1 of 2 observations",
          remedy: "Nothing to do.",
        },
      ],
    },
    [
      {
        name: "n1",
        properties: { pool: "system", phase: "Enabled", effectiveMode: "BpfVeth", reason: "Switched", fastShare: 0.9876, ...quiet },
      },
      { name: "node-2", properties: { pool: "user", phase: "Verifying", effectiveMode: "Legacy", reason: "", ...quiet } },
    ],
  );
  assert.deepEqual(hostRoutingLines(seen, "lab", NOW), [
    "lab: Enabling, Healthy; desired BpfVeth, effective Mixed (driver bundle)",
    "EnableHostRouting Rolling 45 %",
    "n1      system  ████████████████████  Enabled    BpfVeth (Switched)  98.7 % fast",
    "node-2  user    ███████████░░░░░░░░░  Verifying  Legacy",
    "waiting 2 s, at most 30 s more: n2: Verifying: 1 of 2 observations",
    "  → Nothing to do.",
  ]);
});

test("waits that say the same are one: for whom, since the first, until the last", () => {
  const wait = { reason: "DisruptionBudgetFull", message: "1 of at most 1.", remedy: "" };
  const since = (second: number, until?: string): object => ({ since: `2026-01-01T00:00:0${second}Z`, ...(until && { until }) });
  const waits = [
    { ...wait, subject: "n2", ...since(3) },
    { ...wait, reason: "Soaking", message: "", subject: "n1", ...since(9, "2026-01-01T00:00:12Z") },
    { ...wait, subject: "n3", ...since(1, "2026-01-01T00:00:12Z") },
    { ...wait, reason: "Soaking", message: "", subject: "n9", ...since(8, "2026-01-01T00:00:15Z") },
  ];
  assert.deepEqual(hostRoutingLines(picture({ waits }), "lab", NOW).slice(1), [
    "waiting 9 s: n2, n3: DisruptionBudgetFull: 1 of at most 1.",
    "waiting 2 s, at most 5 s more: n1, n9: Soaking: ",
  ]);
  const many = Array.from({ length: 10 }, (_, at) => ({ ...wait, subject: `n${at}`, ...since(9) }));
  assert.deepEqual(hostRoutingLines(picture({ waits: many }), "lab", NOW).slice(1), [
    "waiting 1 s: n0, n1, n2, n3, n4, n5, n6, n7 and 2 more: DisruptionBudgetFull: 1 of at most 1.",
  ]);
});

test("a fast node says what stays on the stack, most packets first, and which pods are kept there", () => {
  const refusals = ["a", "b", "c", "d", "e", "f"].map((pod) => ({ device: `veth${pod}`, pod: `shop/${pod}`, reason: "OptOut" }));
  const stackReasons = ["StackConntrack", "StackClass", "StackTooBig", "StackTtl"].map((reason, at) => ({ reason, packets: 40 - at }));
  const node = { pool: "user", phase: "Enabled", effectiveMode: "BpfVeth", reason: "Switched", fastShare: 0.5 };
  const seen = picture({ desiredMode: "BpfVeth" }, [
    { name: "n1", properties: { ...node, stackReasons, refusedDevices: 9, refusals } },
    { name: "n2", properties: { ...node, stackReasons: [], refusedDevices: 1, refusals: [{ device: "veth1", reason: "Bridged" }] } },
    { name: "n3", properties: { ...node, effectiveMode: "Legacy", stackReasons, refusedDevices: 9, refusals } },
  ]);
  assert.deepEqual(hostRoutingLines(seen, "lab", NOW).slice(4), [
    "n1 on the stack, packets: StackConntrack 40, StackClass 39, StackTooBig 38",
    "n1 pods on the stack: shop/a (OptOut), shop/b (OptOut), shop/c (OptOut), shop/d (OptOut), shop/e (OptOut) and 4 more",
    "n2 pods on the stack: veth1 (Bridged)",
  ]);
});

test("a warning says what it is about and what to do", () => {
  const warnings = [
    {
      ...{ id: "PF-058", title: "Nodes are skipped", message: "n2 is cordoned.", remedy: "Uncordon it.", subjects: ["node n2"] },
      evidence: "spec.unschedulable\u001b[2J",
    },
  ];
  assert.deepEqual(hostRoutingLines(picture({ warnings }), "lab", NOW).slice(1), [
    "warning PF-058: Nodes are skipped: n2 is cordoned.",
    "  seen: spec.unschedulable\\u{1b}[2J",
    "  → Uncordon it.",
  ]);
});

test("how much it matters and what it means, where that is known", () => {
  const warning = { id: "rules-passed-by", title: "Rules", message: "n1: two.", remedy: "Remove them.", subjects: ["n1"] };
  const warnings = [{ ...warning, severity: "Critical", impact: "Nothing is denied.", impactNumber: 3, impactUnit: "nodes" }];
  assert.deepEqual(hostRoutingLines(picture({ warnings }), "lab", NOW).slice(1), [
    "critical rules-passed-by: Rules: n1: two.",
    "  Nothing is denied. (3 nodes)",
    "  → Remove them.",
  ]);
});

test("a rule that fails under an override says until when and why; what a terminal would obey is shown", () => {
  const rule = { id: "PF-017", title: "Kernel", message: "It cannot.", remedy: "Another image.", subjects: ["node n2"] };
  const override = (expiresAt: string): object => ({ ...rule, override: { reason: "an old\u001b[2J machine", expiresAt } });
  const warnings = [override("2026-01-01T00:00:11.000Z"), override("2026-01-01T00:00:10.000Z")];
  assert.deepEqual(hostRoutingLines(picture({ warnings }), "lab", NOW).slice(1), [
    "warning PF-017: Kernel: It cannot.",
    String.raw`  overridden until 2026-01-01T00:00:11.000Z: an old\u{1b}[2J machine`,
    "  → Another image.",
    "warning PF-017: Kernel: It cannot.",
    String.raw`  was overridden until 2026-01-01T00:00:10.000Z: an old\u{1b}[2J machine`,
    "  → Another image.",
  ]);
});

test("the network policy is shown while it is managed, with who changed what and whether it was put right", () => {
  const policy = {
    name: "block-azure-destinations",
    mode: "Correct",
    state: "Drifted",
    message: "It is not as it should be.",
    drift: [
      { path: "/spec/egress", observed: "[{}]", manager: "flux", firstSeen: "2026-01-01T00:00:08Z" },
      {
        path: "/spec/egressDeny/0/toCIDR/0",
        desired: '"a"',
        observed: '"b"',
        firstSeen: "2026-01-01T00:00:00Z",
        correctedAt: "2026-01-01T00:00:01Z",
      },
      { path: "", desired: '"the policy"', firstSeen: "2025-12-31T23:00:00Z", correctedAt: "2025-12-31T23:00:10Z" },
    ],
  };
  assert.deepEqual(hostRoutingLines(picture({ policy }), "lab", NOW).slice(1), [
    "policy block-azure-destinations: Drifted (Correct): It is not as it should be.",
    "  /spec/egress was [{}], which was added by flux, seen 2 s ago",
    '  /spec/egressDeny/0/toCIDR/0 was "b" instead of "a", put right 9 s ago',
    "  deleted, put right 3600 s ago",
  ]);
  assert.deepEqual(hostRoutingLines(picture({ policy: { ...policy, state: "InSync", message: "", drift: [] } }), "lab", NOW).slice(1), [
    "policy block-azure-destinations: InSync (Correct)",
  ]);
});

test("compared nodes say with what and how they do, and what the switch brought", () => {
  const metric = { outcome: "Successful", measurements: 6, failed: 0, inconclusive: 0, errors: 0, message: "" };
  const benefit = { name: "softirq-share", unit: "share of processor time", switchedSamples: 6, comparedSamples: 6 };
  const seen = picture({
    analysis: {
      nodes: [
        {
          name: "n1",
          state: "Failed",
          comparedTo: "Control",
          metrics: [
            { ...metric, name: "report" },
            { ...metric, name: "tcp-resets", outcome: "Failed", failed: 2, message: "20 per second against 1 per second." },
          ],
          notMeasured: ["nat-full"],
        },
        { name: "n2", state: "Running", comparedTo: "Before", metrics: [], notMeasured: [] },
      ],
      benefit: [
        { ...benefit, verdict: "Better", difference: -0.02, low: -0.03, high: -0.011 },
        { ...benefit, verdict: "NotEnoughSamples", comparedSamples: 0 },
        { ...benefit, name: "tcp-resets", unit: "per second", verdict: "NoMeasurableGain", difference: 0.1, low: -0.204, high: 0.4 },
      ],
    },
  });
  assert.deepEqual(hostRoutingLines(seen, "lab", NOW).slice(1), [
    "n1 compared with other nodes: Failed, 6 measurements",
    "  tcp-resets Failed: 20 per second against 1 per second.",
    "  not measured: nat-full",
    "n2 compared with itself before: Running, 0 measurements",
    "softirq-share: Better, -2 points (95 %: -3 to -1.1), 6 samples against 6",
    "softirq-share: NotEnoughSamples, 6 samples against 0",
    "tcp-resets: NoMeasurableGain, 0.1 per second (95 %: -0.2 to 0.4), 6 samples against 6",
  ]);
});

test("what is alike of compared nodes, metrics and figures is said once", () => {
  const metric = { outcome: "Inconclusive", measurements: 2, failed: 0, inconclusive: 2, errors: 0, message: "Nothing to compare." };
  const metrics = ["no-route", "tcp-resets"].map((name) => ({ ...metric, name }));
  const nodes = ["n1", "n2"].map((name) => ({ name, state: "Inconclusive", comparedTo: "Nothing", metrics, notMeasured: [] }));
  const figure = { unit: "per second", verdict: "NotEnoughSamples", switchedSamples: 0, comparedSamples: 0 };
  const benefit = ["softirq-share", "tcp-resets"].map((name) => ({ ...figure, name }));
  assert.deepEqual(hostRoutingLines(picture({ analysis: { nodes, benefit } }), "lab", NOW).slice(1), [
    "n1, n2 compared with nothing: Inconclusive, 2 measurements",
    "  no-route, tcp-resets Inconclusive: Nothing to compare.",
    "softirq-share, tcp-resets: NotEnoughSamples, 0 samples against 0",
  ]);
});

test("a failed operation shows every detail", () => {
  const error = {
    code: "PreflightBlocked",
    message: "1 check failed.",
    details: [{ code: "PF-006", target: "system", message: "Too old." }],
  };
  const lines = hostRoutingLines(
    picture({ operation: { kind: "EnableHostRouting", phase: "Failed", percentComplete: 5, error } }),
    "lab",
    NOW,
  );
  assert.deepEqual(lines.slice(2), ["  PreflightBlocked: 1 check failed.", "    PF-006 [system]: Too old."]);
});

test("what a rule had seen is told once", () => {
  const seen = (message: string, evidence: string): object => {
    const additionalInfo = [{ type: "PreflightFinding", info: { evidence } }];
    return { code: "PF-030", target: "node n1", message, additionalInfo };
  };
  const details = [
    seen("Rules: there are two. Remove them.", "n1: there are two."),
    seen("Rules.", "n1: there are two."),
    seen("Rules.", ""),
  ];
  assert.deepEqual(errorLines({ code: "PreflightBlocked", message: "m", details } as never).slice(1), [
    "    PF-030 [node n1]: Rules: there are two. Remove them.",
    "    PF-030 [node n1]: Rules.",
    "      seen: n1: there are two.",
    "    PF-030 [node n1]: Rules.",
  ]);
});

test("only an operation that has not ended is running", () => {
  for (const phase of ["Succeeded", "Failed", "Canceled"]) assert.equal(runningOperation(picture({ operation: { phase } })), undefined);
  assert.equal(runningOperation(picture({ operation: { phase: "Rolling" } }))?.phase, "Rolling");
  assert.equal(runningOperation(picture({})), undefined);
});

test("a node with rules that keep it off says how many, and who names them", () => {
  const node = (name: string, state?: string) => ({
    name,
    properties: {
      pool: "user",
      phase: "Pending",
      effectiveMode: "Legacy",
      reason: "",
      ...quiet,
      ...(state === undefined ? {} : { rules: { state, digest: "0123456789abcdef", findings: 2 } }),
    },
  });
  const lines = hostRoutingLines(picture({}, [node("n1"), node("n2", "Clean"), node("n3", "Dirty"), node("n4", "Unknown")]), "lab", NOW);
  assert.deepEqual(lines.slice(5), [
    'n3: rules that host routing would pass by: 2, digest 0123456789abcdef; "hostrouting findings --node n3" names them',
    'n4: rules that cannot all be judged: 2, digest 0123456789abcdef; "hostrouting findings --node n4" names them',
  ]);
});

test("what may break is told of all nodes and of each; a node that has nothing to lose is left out", () => {
  const node = (name: string, disruption?: object): object => ({
    name,
    properties: { pool: "user", phase: "Enabled", effectiveMode: "BpfVeth", reason: "", ...quiet, ...(disruption && { disruption }) },
  });
  const lines = hostRoutingLines(
    picture({ disruption: { nodes: 4, unknownNodes: 1, expectedAtMost: 19, measuredNodes: 2, reset: 2, timeout: 1 } }, [
      node("n1", { step: "On", state: "Measured", expectedAtMost: 12, measured: { reset: 2, timeout: 1, isFinal: true } }),
      node("n2", { step: "On", state: "Switched", measured: { reset: 1, timeout: 0, isFinal: false } }),
      node("n3", { step: "On", state: "Ahead", expectedAtMost: 7 }),
      node("n4", { step: "On", state: "Measured", expectedAtMost: 0, measured: { reset: 0, timeout: 0, isFinal: true } }),
      node("n5"),
    ]),
    "lab",
    NOW,
  );
  assert.deepEqual(lines.slice(1, 5), [
    "connections of 4 nodes: at most 19 may break, not counted on 1; measured on 2: 2 reset, 1 timed out",
    "  n1: expected at most 12, measured 3",
    "  n2: expected unknown, measured 1 so far",
    "  n3: expected at most 7",
  ]);
});

test("where no node was counted nothing is said to be the most", () => {
  const disruption = { nodes: 3, unknownNodes: 3, expectedAtMost: 0, measuredNodes: 0, reset: 0, timeout: 0 };
  assert.deepEqual(hostRoutingLines(picture({ disruption }), "lab", NOW).slice(1), [
    "connections of 3 nodes: how many may break is not known",
  ]);
});
