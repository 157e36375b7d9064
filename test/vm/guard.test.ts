import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { cacheFolder } from "../../infra/images/cache-folder.ts";
import { guestKernel, SERIES, type Series } from "../../infra/guests/guest-kernel.ts";
import type { GuardLine, ToldAttempt } from "./guest/guard-report.ts";
import { inTurn, runGuest } from "./virtual-machine.ts";

/** What the kernel's list of security modules is in each boot, and by which rung the guard then refuses. */
const BOOTS = [
  { lsm: "lockdown,capability,yama,bpf", rung: "Lsm" },
  { lsm: "lockdown,capability,yama", rung: "FmodRet" },
] as const;

type AttemptLine = GuardLine & { kind: "attempt" };
const [WRITTEN, REFUSED, FAILED] = [0, 1, 2];

/** `without`: what the kernel itself does. `enforce`: with the guard, by a writer that nobody permitted. `told`: of the attempt. */
type Row = {
  readonly without: number;
  readonly enforce: "refused" | "written";
  readonly told?: Partial<ToldAttempt>;
  readonly since?: Series;
};
const refused = (told: Partial<ToldAttempt>, changes: Partial<Row> = {}): Row => ({
  without: WRITTEN,
  enforce: "refused",
  told,
  ...changes,
});
const written: Row = { without: WRITTEN, enforce: "written" };
const rule = { family: "ip", table: "evade", chain: "through", rule: 'comment "evade rule"' };
const nft = (messageIndex: number, text: ToldAttempt["text"] = rule): Partial<ToldAttempt> => ({ kind: "Nftables", messageIndex, text });
const legacy = (kind: ToldAttempt["kind"], family: string, table = "filter"): Partial<ToldAttempt> => ({
  kind,
  text: { family, table, chain: "", rule: "the whole table anew" },
});
const ofTable = (chain: string, text: string): ToldAttempt["text"] => ({ family: "ip", table: "evade", chain, rule: text });

/** Every way to write a rule. Names are those of evasion/evade.c. */
const WAYS: Readonly<Record<string, Row>> = {
  "legacy-v4": refused(legacy("Iptables", "ip")),
  "legacy-v6": refused(legacy("Ip6tables", "ip6")),
  "legacy-v4-on-v6-socket": refused(legacy("Iptables", "ip")),
  "legacy-32bit": refused({ kind: "Iptables" }),
  "legacy-arp": refused(legacy("Arptables", "arp")),
  "legacy-eb": refused(legacy("Ebtables", "bridge")),
  "nft-rule": refused(nft(3)),
  "nft-repeat-10": refused(nft(3)),
  "nft-host-order-resource": refused(nft(3)),
  "nft-behind-3": refused(nft(5)),
  "nft-behind-200": refused(nft(202)),
  "nft-behind-20000": refused(nft(20_002)),
  "nft-too-many": refused({ kind: "Nftables" }, { without: FAILED }),
  "nft-odd-length-1": refused(nft(3)),
  "nft-odd-length-3": refused(nft(3)),
  "nft-policy-drop": refused(nft(2, ofTable("dropping", "policy drop"))),
  "nft-policy-twice": refused(nft(2, ofTable("twice", "policy drop"))),
  "nft-chains": written,
  "nft-element": refused(nft(3, ofTable("", "elements of set addresses"))),
  "nft-verdict": refused(nft(3, ofTable("", "elements of set verdicts"))),
  "nft-object": refused(nft(2, ofTable("", "object counted"))),
  "nft-flowtable": refused(nft(2, ofTable("", "flowtable short-cut"))),
  "nft-table": written,
  "nft-list": written,
  "nft-delete": written,
  "conntrack-list": written,
  "uring-worker": refused({ ...nft(3), executableName: "evade" }),
  "uring-poll-thread": refused({ ...nft(3), executableName: "evade" }),
  "uring-setsockopt": refused({ kind: "Iptables" }, { since: "6.12" }),
  "socket-then-unshare": refused(nft(3)),
  "socket-then-setns": refused(nft(3)),
  "socket-passed": refused(nft(3)),
  "renamed-parent": refused({ ...nft(3), command: "cilium-agent", parentCommand: "python3" }),
  "deleted-executable": refused({ ...nft(3), executableName: "evade-deleted" }),
  "enter-host": refused(nft(3)),
  "own-namespace": written,
  "user-namespace": written,
  "netfilter-link": refused({ kind: "NetfilterLink" }),
  "ipset-add": written,
  "queue-config": written,
  "ipvs-service": written,
  "xdp-link": written,
};

/** Who writes what in which mode, and what comes of it: [code, counted as, why]. */
const WRITERS: [
  phase: string,
  name: string,
  code: number,
  counted: "denied" | "audited" | "permitted" | "nothing",
  why?: ToldAttempt["why"],
][] = [
  ["strict", "nft-table", REFUSED, "denied", "UnknownWriter"],
  ["break-glass", "nft-rule", WRITTEN, "audited", "UnknownWriter"],
  ["break-glass-expired", "nft-rule", REFUSED, "denied", "UnknownWriter"],
  ["from permitted", "nft-rule", WRITTEN, "permitted"],
  ["from permitted", "legacy-v4", WRITTEN, "permitted", "Permitted"],
  ["from permitted", "nft-too-many", REFUSED, "denied", "Unreadable"],
  ["from permitted/child", "nft-rule", WRITTEN, "permitted"],
  ["from permitted/refused-child", "nft-rule", REFUSED, "denied", "KnownWriter"],
  ["from permitted-neighbour", "nft-rule", REFUSED, "denied", "UnknownWriter"],
  ["from in-scope", "nft-rule", WRITTEN, "permitted"],
  ["from in-scope", "nft-policy-drop", REFUSED, "denied", "Scope"],
  ["from in-scope", "nft-element", REFUSED, "denied", "Scope"],
  ["from in-scope", "netfilter-link", REFUSED, "denied", "Scope"],
  ["from in-scope", "legacy-v4", WRITTEN, "permitted", "Permitted"],
  ["from out-of-scope", "nft-rule", REFUSED, "denied", "Scope"],
  ["from whole-table", "nft-rule", WRITTEN, "permitted"],
  ["from whole-table", "nft-element", WRITTEN, "permitted"],
  ["from by-executable", "nft-rule", REFUSED, "denied", "Executable"],
  ["from by-executable, named", "nft-rule", WRITTEN, "permitted"],
  ["from by-executable", "deleted-executable", REFUSED, "denied", "Executable"],
  ["from permitted", "deleted-executable", WRITTEN, "permitted"],
  ["agent dead", "nft-rule", WRITTEN, "audited", "UnknownWriter"],
  ["agent dead, known writer", "nft-rule", REFUSED, "denied", "KnownWriter"],
  ["agent dead, upgraded executable", "deleted-executable", WRITTEN, "audited", "Executable"],
  ["a pod's container", "nft-rule", REFUSED, "denied", "KnownWriter"],
  ["kube-proxy's container", "nft-rule", WRITTEN, "permitted"],
  ["kubelet", "nft-rule", WRITTEN, "permitted"],
  ["systemd-run", "nft-rule", REFUSED, "denied", "KnownWriter"],
  ["systemd-run under a service's name", "nft-rule", REFUSED, "denied", "KnownWriter"],
  ["somebody's session", "nft-rule", REFUSED, "denied", "KnownWriter"],
  ["a pod's container", "enter-host", REFUSED, "denied", "KnownWriter"],
  ["a pod's container", "nsenter", REFUSED, "denied", "KnownWriter"],
  ["a pod that moves into kubelet's cgroup", "nft-rule", WRITTEN, "permitted"],
];

/** An agent's guard from its first probe to its end, another version of the agent in between: [step, mode, trial, code, told, folders, tampered, tellings]. */
const LIFE: readonly (readonly [string, string, string | undefined, number, number, number, number, number])[] = [
  ["probed", "Off", undefined, WRITTEN, 0, 0, 0, 0],
  ["audit", "Audit", "Passed", WRITTEN, 1, 1, 0, 0],
  ["enforce", "Enforce", "Passed", REFUSED, 1, 1, 0, 0],
  ["break-glass", "Enforce", "Passed", WRITTEN, 1, 1, 0, 0],
  ["leave", "Enforce", "Passed", REFUSED, 1, 1, 0, 0],
  ["taken over", "Enforce", "Passed", REFUSED, 1, 1, 0, 0],
  ["pins removed", "Enforce", "Passed", REFUSED, 1, 1, 10, 1],
  ["unmounted", "Enforce", "Passed", REFUSED, 1, 0, 10, 1],
  ["mounted", "Enforce", "Passed", REFUSED, 1, 1, 10, 1],
  ["mounted anew", "Enforce", "Passed", REFUSED, 1, 1, 10, 1],
  ["tables written", "Enforce", "Passed", REFUSED, 1, 1, 2, 0],
  ["older again", "Enforce", "Passed", REFUSED, 1, 1, 0, 0],
  ["over other shapes", "Enforce", "Passed", REFUSED, 1, 1, 0, 0],
  ["off", "Off", undefined, WRITTEN, 0, 0, 0, 0],
];

/** What the tools write; without an entry: nothing, so that it works. */
const TOOLS: [name: string, writes?: Partial<ToldAttempt["text"]>][] = [
  [
    "iptables-nft -A",
    { family: "ip", table: "filter", chain: "FORWARD", rule: 'l4proto tcp ip daddr 10.9.8.7 dport 80 comment "evade" drop' },
  ],
  ["ip6tables-nft -A", { family: "ip6", table: "filter", chain: "FORWARD", rule: "ip6 daddr fd00::7 drop" }],
  ["iptables-nft -P", { family: "ip", table: "filter", chain: "FORWARD", rule: "policy drop" }],
  ["iptables-nft-restore", { family: "ip", table: "filter", chain: "EVADE", rule: "drop" }],
  ["iptables-nft -F"],
  ["iptables-legacy -A", { family: "ip", table: "filter" }],
  ["ip6tables-legacy -A", { family: "ip6", table: "filter" }],
  ["arptables-nft -A", { family: "arp", table: "filter", chain: "INPUT" }],
  ["ebtables-nft -A", { family: "bridge", table: "filter", chain: "FORWARD" }],
  ["nft -f", { family: "inet", table: "tools", chain: "one", rule: "l4proto tcp dport 80 drop" }],
  ...[
    ...["iptables-nft -S", "ip6tables-nft -S", "iptables-nft -t nat -L", "iptables-nft-save", "ip6tables-nft-save"],
    ...["arptables-nft -L", "ebtables-nft -L", "iptables-legacy -S", "ip6tables-legacy -S", "iptables-legacy-save"],
    ...["nft list", "nft -j list", "ip rule", "ip route", "ip xfrm", "tc filter", "sysctl"],
  ].map((name): [name: string] => [name]),
];

/** io_uring's threads have their process's number in their names. */
const wordsOf = ({ event }: AttemptLine): ToldAttempt | undefined => event && { ...event, command: event.command.replace(/\d+$/, "") };

for (const series of Object.keys(SERIES) as Series[])
  for (const { lsm, rung } of BOOTS)
    describe(`the guard on Linux ${series}, security modules ${lsm}`, () => {
      const guest = inTurn(async () =>
        runGuest<GuardLine>(await guestKernel(series, cacheFolder(process.env)), { script: "guard.ts", lsm }),
      );
      let lines: GuardLine[];
      before(async () => {
        lines = await guest;
      });
      const line = <K extends GuardLine["kind"]>(kind: K): Extract<GuardLine, { kind: K }> => {
        const found = lines.find((candidate): candidate is Extract<GuardLine, { kind: K }> => candidate.kind === kind);
        assert.ok(found, `the guest said nothing of ${kind}: ${JSON.stringify(lines.find(({ kind: of }) => of === "failure"))}`);
        return found;
      };
      const attempt = (phase: string, name: string): AttemptLine => {
        const found = lines.find((candidate) => candidate.kind === "attempt" && candidate.phase === phase && candidate.name === name);
        assert.ok(found?.kind === "attempt", `${phase}, ${name} was not tried`);
        return found;
      };

      it("came to its end on the kernel that was booted", () => {
        assert.ok(line("kernel").release.startsWith(`${series}.`));
        assert.equal(line("kernel").lsm.split(",").includes("bpf"), rung === "Lsm");
        assert.deepEqual(
          lines.filter(({ kind }) => kind === "failure"),
          [],
        );
      });

      it(`refuses by ${rung}, which its own trial has shown`, () => {
        const rungs = lines.flatMap((found) => (found.kind === "rung" ? [[found.rung, found.outcome]] : []));
        const expected =
          rung === "Lsm"
            ? [["Lsm", "Passed"]]
            : [
                ["Lsm", "Failed"],
                ["FmodRet", "Passed"],
              ];
        assert.deepEqual(rungs, expected);
      });

      it("was tried by every way that the tool knows", () => {
        const tried = lines.flatMap((found) => (found.kind === "attempt" && found.phase === "without" ? [found.name] : []));
        assert.deepEqual(tried, Object.keys(WAYS));
      });

      for (const [name, row] of Object.entries(WAYS)) {
        const here = row.since === undefined || row.since === series;
        it(`${name}: ${here ? row.enforce : `not in ${series}`}`, () => {
          const [without, enforce] = [attempt("without", name), attempt("enforce", name)];
          assert.equal(without.code, here ? row.without : FAILED, `without the guard: ${without.output}`);
          const isRefused = here && row.enforce === "refused";
          assert.equal(enforce.code, isRefused ? REFUSED : without.code, `with the guard: ${enforce.output}`);
          assert.equal(enforce.denied > 0, isRefused);
          assert.deepEqual([enforce.audited, enforce.permitted], [0, 0]);
          assert.equal(enforce.unreadable, name === "nft-too-many" ? 1 : 0);
          assert.equal(enforce.sets, name === "ipset-add" ? 2 : 0);
          if (!isRefused) return assert.equal(enforce.event, undefined);
          assert.partialDeepStrictEqual(enforce.event, { verdict: "Denied", why: "UnknownWriter", cgroupName: "unlisted", ...row.told });
        });
      }

      for (const [name, row] of Object.entries(WAYS)) {
        const refusing = row.enforce === "refused" && (row.since === undefined || row.since === series);
        it(`${name} in audit mode: ${refusing ? "told in the same words" : "not told"}`, () => {
          const [without, audit, enforce] = [attempt("without", name), attempt("audit", name), attempt("enforce", name)];
          assert.equal(audit.code, without.code, audit.output);
          assert.deepEqual([audit.denied, audit.audited], [0, enforce.denied]);
          assert.deepEqual(wordsOf(audit), enforce.event && { ...wordsOf(enforce), verdict: "Audited" });
        });
      }

      for (const [phase, name, code, counted, why] of WRITERS)
        it(`${phase}, ${name}: ${counted}`, () => {
          const { code: found, output, denied, audited, permitted, event } = attempt(phase, name);
          assert.equal(found, code, output);
          const counts = { denied: 0, audited: 0, permitted: 0 };
          assert.deepEqual({ denied, audited, permitted }, counted === "nothing" ? counts : { ...counts, [counted]: 1 });
          assert.equal(event?.why, why);
        });

      for (const [name, writes] of TOOLS)
        it(`${name} ${writes ? "is refused" : "works"}`, () => {
          const { code, output, denied, event } = attempt("tool", name);
          assert.equal(code, writes ? REFUSED : WRITTEN, output);
          assert.equal(denied > 0, writes !== undefined);
          if (writes) assert.partialDeepStrictEqual(event?.text, writes);
          else assert.equal(event, undefined, "nobody is told");
        });

      it("a thousand attempts without pause are counted exactly", () => assert.equal(line("flood").denied, 1000));

      it("while another version takes over, not one of many attempts gets through, and totals stay", () => {
        const { trial, tried, written: through, keptTotals } = line("upgrade");
        assert.deepEqual({ trial, through, keptTotals }, { trial: "Passed", through: 0, keptTotals: true });
        assert.ok(tried > 10, `${tried} attempts are too few to say so`);
      });

      it("removed pins are noticed and made again, and it refused meanwhile", () =>
        assert.deepEqual(line("tampering"), {
          kind: "tampering",
          refused: REFUSED,
          repinned: ["gd_counters", "on_netlink_send-link"],
          again: [],
        }));

      it("it refuses when nobody holds it any more, and is adopted with its totals", () =>
        assert.deepEqual(line("orphaned"), { kind: "orphaned", refused: REFUSED, adopted: true, grown: 1 }));

      it("an agent leads it from probe to end, and the next version takes it over", () => {
        const steps = line("life").steps.map(({ step, rung: by, mode, trial, code, told, folders, tampered, tellings }) => {
          assert.equal(by, rung, step);
          return [step, mode, trial, code, told, folders, tampered, tellings];
        });
        assert.deepEqual(steps, LIFE);
      });

      it("it refuses when the process that holds it is killed, and the next one adopts it", () =>
        assert.deepEqual(line("killed"), { kind: "killed", before: REFUSED, after: REFUSED, adopted: true, grown: 2 }));

      it("attached and ended again and again it leaves nothing in the kernel, and no descriptor", () =>
        assert.deepEqual(line("cycles"), { kind: "cycles", cycles: 8, descriptors: 0, objects: "0 0 0" }));

      it("after its end nothing is refused and nothing is left", () =>
        assert.deepEqual(line("ended"), { kind: "ended", code: WRITTEN, left: 0 }));
    });
