import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { moduleContent, moduleFiles, type GuestKernel } from "../../infra/guests/guest-kernel.ts";
import { withFolders, type ArchiveEntry } from "../../infra/guests/initramfs.ts";
import { buildEvade } from "./evasion/build-evade.ts";

const CHECKOUT = path.join(import.meta.dirname, "../..");
const TOOL_TIMEOUT_MS = 30_000;
const EXECUTABLE = 0o755;
const READABLE = 0o644;

/** What the guest loads before it begins, and what only after it has tried without. */
const MODULES = {
  base: ["veth", "sch_ingress", "cls_bpf"],
  conntrack: ["nf_conntrack", "nf_nat", "nf_conntrack_netlink"],
  guard: [
    ...["nf_tables", "nft_compat", "nft_ct", "nf_flow_table", "nf_flow_table_inet", "nf_conntrack_netlink"],
    ...["iptable_filter", "ip6table_filter", "arptable_filter", "ebtable_filter", "xt_tcpudp", "xt_comment", "ipt_REJECT"],
    ...["ip_set_hash_ip", "nfnetlink_queue", "ip_vs_rr", "xfrm_user", "cls_matchall", "act_gact"],
  ],
} as const;

/** Tools that write rules, and others that steer packets; where their extensions are. */
const RULE_TOOLS = ["/usr/sbin/xtables-nft-multi", "/usr/sbin/xtables-legacy-multi", "/usr/sbin/nft", "/usr/sbin/ip", "/usr/sbin/tc"];
const EXTENSIONS = "/usr/lib/*-linux-gnu/xtables/*.so";

/** Our sources and built objects, at the same places as in the checkout: what runs in the guest is what runs on a node. */
const OURS = ["package.json", "packages/*/package.json", "packages/*/src/**/*.ts", "services/node-agent/package.json"];
const AGENT = ["services/node-agent/src/**/*.ts", "test/vm/**/*.ts", "bpf/build/*.o"];
const FOREIGN = [
  "node_modules/koffi/*.{js,cjs,json}",
  "node_modules/koffi/{src,lib}/**/*.{js,cjs,json}",
  "node_modules/@koromix/koffi-linux-x64/**/*",
];
const LINKED_PACKAGES = ["bpf-loader", "contracts", "domain", "runtime"];

/** Everything that the guest's root file system holds: Node, libbpf, busybox, modules, and our sources. */
export async function guestImage(kernel: GuestKernel): Promise<ArchiveEntry[]> {
  const entries = [...programs(), ...ruleTools(), ...libraries(), ...(await modules(kernel)), ...sources()];
  return withFolders(entries, ["dev", "proc", "sys", "tmp", "run", "etc"]);
}

function programs(): ArchiveEntry[] {
  const init = file("init", path.join(import.meta.dirname, "guest/init.sh"), EXECUTABLE);
  return [init, file("bin/busybox", "/bin/busybox", EXECUTABLE), file("bin/node", process.execPath, EXECUTABLE)];
}

/** What writes rules in the ordinary ways, and in all others. */
function ruleTools(): ArchiveEntry[] {
  const folder = mkdtempSync(path.join(tmpdir(), "evade-"));
  try {
    const evade = path.join(folder, "evade");
    buildEvade(evade);
    return [
      file("bin/evade", evade, EXECUTABLE),
      ...RULE_TOOLS.map((tool) => file(`sbin/${path.basename(tool)}`, tool, EXECUTABLE)),
      ...globSync(EXTENSIONS).map((extension) => file(extension.slice(1), extension, EXECUTABLE)),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The shared libraries of Node, of the tools and of libbpf at the paths where the dynamic linker found them here. */
function libraries(): ArchiveEntry[] {
  const libbpf = globSync(["/usr/lib/*-linux-gnu/libbpf.so.1", "/usr/lib/libbpf.so.1"])[0];
  if (libbpf === undefined) throw new Error("libbpf.so.1 is not there (apt-get install libbpf1)");
  const needed = [process.execPath, libbpf, ...RULE_TOOLS].flatMap((of) =>
    [...execFileSync("ldd", [of], { encoding: "utf8", timeout: TOOL_TIMEOUT_MS }).matchAll(/(\/\S+) \(0x/g)].flatMap(
      ([, found]) => found ?? [],
    ),
  );
  return [...new Set([libbpf, ...needed])].map((library) => file(library.slice(1), library, EXECUTABLE));
}

/** `modules/<group>` lists the files in the order in which the guest loads them. */
async function modules(kernel: GuestKernel): Promise<ArchiveEntry[]> {
  const groups = await Promise.all(
    Object.entries(MODULES).map(async ([group, names]) => ({ group, files: await moduleFiles(kernel, names) })),
  );
  const base = (source: string): string => path.basename(source, ".xz");
  const all = new Set(groups.flatMap(({ files }) => files));
  return [
    ...groups.map(({ group, files }) => text(`modules/${group}`, files.map((source) => `/modules/${base(source)}\n`).join(""))),
    ...[...all].map((source): ArchiveEntry => ({
      kind: "file",
      path: `modules/${base(source)}`,
      mode: READABLE,
      data: moduleContent(source),
    })),
  ];
}

function sources(): ArchiveEntry[] {
  const found = globSync([...OURS, ...AGENT, ...FOREIGN], { cwd: CHECKOUT, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = found.map((entry) => {
    const source = path.join(entry.parentPath, entry.name);
    return file(path.join("checkout", path.relative(CHECKOUT, source)), source, READABLE);
  });
  const links = LINKED_PACKAGES.map((name): ArchiveEntry => ({
    kind: "link",
    path: `checkout/node_modules/@hostrouting/${name}`,
    target: `../../packages/${name}`,
  }));
  return [...files, ...links];
}

function file(target: string, source: string, mode: number): ArchiveEntry {
  if (!existsSync(source)) throw new Error(`${source}, which the guest needs, is not there`);
  return { kind: "file", path: target, mode, data: readFileSync(realpathSync(source)) };
}

function text(target: string, content: string): ArchiveEntry {
  return { kind: "file", path: target, mode: READABLE, data: Buffer.from(content) };
}
