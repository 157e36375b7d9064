import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { RuleRemoval } from "../../packages/domain/src/index.ts";
import type { ScanVerdict } from "../../packages/netfilter/src/index.ts";
import { kubeProxyNft } from "../../packages/netfilter/src/corpus/kube-proxy-nft.ts";
import { compileNetfilterLink } from "./loader/compiled-object.ts";
import { aksRulesV4, aksRulesV6 } from "../../infra/lab/aks-rules.ts";

const CHECKOUT = path.join(import.meta.dirname, "../..");
const RULES = path.join(CHECKOUT, "services/node-agent/src/rules");
/** What an agent does, as a process of its own: its children have to be in the node's namespace too. */
const READERS = `
  import { defaultAllowList, judgeScan, loadAllowList } from "${CHECKOUT}/packages/netfilter/src/index.ts";
  import { kernelLinks, readNetfilterLinks } from "${RULES}/netfilter-links.ts";
  import { readLegacyDumps, readNftDumps } from "${RULES}/read-rule-dumps.ts";
  const links = kernelLinks("${CHECKOUT}/bpf/build/netfilter_links.bpf.o");
  const readers = { told: readNftDumps, silent: async () => [...(await readLegacyDumps()), readNetfilterLinks(links)] };`;
const LOOK = `${READERS}
  const dumps = [...(await readers.told()), ...(await readers.silent())];
  console.log(JSON.stringify(judgeScan(dumps, loadAllowList(defaultAllowList))));`;
const WATCH = `${READERS}
  import { createLogger, systemClock } from "${CHECKOUT}/packages/runtime/src/index.ts";
  import { watchRules } from "${RULES}/rule-watch.ts";
  const show = () => {
    const { state, findings } = watch.current().verdict;
    console.log(state, ...findings.map(({ changedBy }) => changedBy.replace(/\\d+/, "N")));
  };
  const watch = watchRules({ logger: createLogger("test", "silent"), clock: systemClock, readers, nodeImage: () => undefined, onChange: show });
  process.stdin.on("end", () => watch.stop()).resume();`;
const TIMEOUT_MS = 30_000;
/** Far less than the minute after which the regular scan comes. */
const NOTICED_MS = 20_000;

/** A rule that somebody adds, and where it is to be found. */
const foreign: [what: string, line: string, found: string][] = [
  ["a drop of iptables-nft", "iptables-nft -A FORWARD -s 192.0.2.1 -j DROP", "iptables-nft ip filter FORWARD"],
  [
    "a rule with a comment full of quotes",
    `iptables-nft -I FORWARD -m comment --comment "it's a \\"test\\"" -j REJECT`,
    "iptables-nft ip filter FORWARD",
  ],
  [
    "a translation of ip6tables-nft",
    "ip6tables-nft -t nat -A POSTROUTING -d 2001:db8::/32 -j MASQUERADE",
    "iptables-nft ip6 nat POSTROUTING",
  ],
  [
    "a mark of iptables-legacy",
    "iptables-legacy -t mangle -A PREROUTING -p tcp -j MARK --set-mark 7",
    "iptables-legacy ip mangle PREROUTING",
  ],
  ["a drop of ip6tables-legacy", "ip6tables-legacy -A FORWARD -p udp --dport 53 -j DROP", "iptables-legacy ip6 filter FORWARD"],
  [
    "a rule of nft's own table",
    "nft add table inet mine; nft add chain inet mine f '{ type filter hook forward priority 5; }'; nft add rule inet mine f tcp dport 22 drop",
    "nft inet mine f",
  ],
  [
    "a rule at a device's ingress",
    "nft add table netdev mine; nft add chain netdev mine i '{ type filter hook ingress device d0 priority 0; }'; nft add rule netdev mine i ip saddr 192.0.2.0/24 drop",
    "nft netdev mine i",
  ],
  [
    "a verdict map that drops",
    "nft add table inet mine; nft add chain inet mine f '{ type filter hook forward priority 5; }'; nft add map inet mine m '{ type inet_service : verdict; }'; nft add element inet mine m '{ 22 : drop }'; nft add rule inet mine f tcp dport vmap @m",
    "nft inet mine f",
  ],
  [
    "a table that sleeps",
    "nft add table ip sleeping '{ flags dormant; }'; nft add chain ip sleeping f '{ type filter hook forward priority 0; }'; nft add rule ip sleeping f drop",
    "nft ip sleeping f",
  ],
  ["a policy that drops", "iptables-nft -P FORWARD DROP", "iptables-nft ip filter FORWARD"],
  ["a rule of ebtables", "ebtables-nft -A FORWARD -p IPv4 -j DROP", "nft bridge filter FORWARD"],
];
const harmless: [what: string, line: string][] = [
  ["a drop of what comes for the node itself", "iptables-nft -A INPUT -p tcp --dport 23 -j DROP"],
  ["a chain that nothing leads to", "iptables-nft -N MINE; iptables-nft -A MINE -j DROP"],
  ["an accept", "iptables-nft -A FORWARD -s 192.0.2.9 -j ACCEPT"],
];

describe("packet filter rules of a real node", () => {
  const name = `hrr${randomBytes(3).toString("hex")}`;
  /** Not the machine's: nobody outside waits for these tests. */
  const lockFile = path.join(tmpdir(), `${name}.lock`);
  const ownLock = { ...process.env, XTABLES_LOCKFILE: lockFile };
  const children = new Set<ChildProcess>();

  const inNode = (line: string, input = ""): void =>
    void execFileSync("nsenter", [`--net=/run/netns/${name}`, "sh", "-ec", line], {
      input,
      timeout: TIMEOUT_MS,
      stdio: ["pipe", "ignore", "pipe"],
      env: ownLock,
    });
  const nodeArguments = (script: string): string[] => [
    `--net=/run/netns/${name}`,
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "--input-type=module-typescript",
    "-e",
    script,
  ];
  const look = (): ScanVerdict =>
    JSON.parse(execFileSync("nsenter", nodeArguments(LOOK), { encoding: "utf8", timeout: TIMEOUT_MS, cwd: RULES })) as ScanVerdict;
  const expectClean = (): void => {
    const { state, findings, unread } = look();
    assert.deepEqual({ state, findings, unread }, { state: "Clean", findings: [], unread: [] });
  };

  before(() => {
    execFileSync("ip", ["netns", "add", name]);
    inNode("ip link set lo up; ip link add d0 type veth peer name d1; ip link set d0 up");
    const notMasqueraded = ["10.244.0.0/16", "10.96.0.0/16", "169.254.0.0/16", "fd00:244::/48", "fe80::/10"];
    inNode("iptables-nft-restore", aksRulesV4({ nodeIpv4: "10.200.0.1", notMasqueraded }));
    inNode("ip6tables-nft-restore", aksRulesV6({ nodeIpv4: "10.200.0.1", notMasqueraded }));
  });
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    execFileSync("ip", ["netns", "del", name]);
    rmSync(lockFile, { force: true });
  });

  it("are all known on a node as AKS makes it", expectClean);

  for (const [what, line, found] of foreign)
    it(`${what} is found, and the command that is named removes it`, () => {
      inNode(line);
      const { state, findings } = look();
      assert.equal(state, "Dirty");
      assert.deepEqual(
        findings.map(({ backend, family, table, chain }) => `${backend} ${family} ${table} ${chain}`),
        [found],
      );
      inNode(findings[0]?.removal ?? "");
      expectClean();
    });

  it("kube-proxy's tables of nft are known, and what somebody puts into one of them is found", () => {
    // nft takes its own list only with what is referred to in front
    const kinds = ["table", "chain", "set", "map", "rule"].map((kind) => `{"${kind}"`);
    const listed = (["ip", "ip6"] as const).flatMap(kubeProxyNft);
    const objects = kinds.flatMap((kind) => listed.filter((object) => object.startsWith(kind)));
    inNode("cat | nft -j -f -", `{"nftables": [${objects.join(",")}]}`);
    expectClean();
    const ofKubeProxy = "nft add rule ip kube-proxy filter-forward ip daddr 10.244.1.5 drop";
    inNode(ofKubeProxy);
    const { findings } = look();
    assert.deepEqual(
      findings.map(({ table, chain }) => `${table} ${chain}`),
      ["kube-proxy filter-forward"],
    );
    inNode(findings[0]?.removal ?? "");
    expectClean();
    inNode("nft add element ip kube-proxy service-ips '{ 10.244.1.5 . tcp . 80 : drop }'");
    const added = look().findings;
    assert.ok(added.length > 0 && added.every(({ chain, removal }) => chain === "services" && removal === undefined));
    inNode("nft delete table ip kube-proxy; nft delete table ip6 kube-proxy");
    expectClean();
  });

  for (const [what, line] of harmless)
    it(`${what} is none of them`, () => {
      inNode(line);
      expectClean();
    });

  it("a BPF program at a netfilter hook is found where it is, and nowhere else, and the command that is named removes it", async () => {
    const { file, remove } = compileNetfilterLink();
    const held = spawn("nsenter", [`--net=/run/netns/${name}`, file], { stdio: ["pipe", "pipe", "inherit"] });
    children.add(held);
    const [id] = (await once(createInterface({ input: held.stdout }), "line")) as [string];
    const { state, findings } = look();
    assert.deepEqual(
      [state, findings.map(({ rule, removal }) => [rule, removal])],
      ["Dirty", [[`program evader of link ${id} at priority -5`, `bpftool link detach id ${id}`]]],
    );
    const elsewhere = execFileSync("unshare", ["--net", ...nodeArguments(LOOK).slice(1)], {
      encoding: "utf8",
      timeout: TIMEOUT_MS,
      cwd: RULES,
    });
    assert.deepEqual((JSON.parse(elsewhere) as ScanVerdict).findings, []);
    inNode(findings[0]?.removal ?? "");
    expectClean();
    held.stdin.end();
    remove();
  });

  it("the rules of one scan are removed by the program for it, of every backend, and those of another are not", () => {
    const remove = (digest: string): RuleRemoval => {
      const program = path.join(RULES, "removal/main.ts");
      const env = { ...ownLock, BPF_OBJECT: path.join(CHECKOUT, "bpf/build/host_routing.bpf.o") };
      const args = [`--net=/run/netns/${name}`, process.execPath, "--disable-warning=ExperimentalWarning", program, digest];
      return JSON.parse(execFileSync("nsenter", args, { encoding: "utf8", timeout: TIMEOUT_MS, env })) as RuleRemoval;
    };
    for (const [, line] of foreign) inNode(line);
    const { digest, findings } = look();
    assert.ok(findings.length >= foreign.length);
    inNode("iptables-nft -A FORWARD -s 192.0.2.77 -j DROP");
    assert.equal(remove(digest).outcome, "Refused");
    inNode("iptables-nft -D FORWARD -s 192.0.2.77 -j DROP");
    const removal = remove(digest);
    assert.ok(removal.outcome === "Done");
    assert.deepEqual(
      removal.rules.filter(({ outcome }) => outcome !== "Removed"),
      [],
    );
    assert.equal(removal.now.state, "Clean");
    expectClean();
  });

  it("a change is noticed by itself, with who made it, not by the next regular scan", async () => {
    const child = spawn("nsenter", nodeArguments(WATCH), { stdio: ["pipe", "pipe", "inherit"], cwd: RULES });
    children.add(child);
    child.once("exit", () => children.delete(child));
    const states = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => {
      const timer = new AbortController();
      const late = pause(NOTICED_MS, "nothing was noticed", { signal: timer.signal }).catch(() => undefined);
      const seen = await Promise.race([states.next().then(({ value }) => value), late]);
      timer.abort();
      return seen;
    };
    assert.equal(await next(), "Clean");
    inNode("iptables-nft -A FORWARD -s 192.0.2.3 -j DROP");
    assert.equal(await next(), "Dirty iptables-nft (process N)");
    inNode("iptables-nft -D FORWARD -s 192.0.2.3 -j DROP");
    assert.equal(await next(), "Clean");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.end();
    assert.equal(await ended, 0);
  });
});
