import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { keyOf } from "../images/bundle-content.ts";
import { DEBIAN_SUITE, unpackDebian } from "../images/debian-root.ts";

/**
 * What runs a node: containers and their network, and every tool that reads or writes packet filters, of either backend. busybox is the
 * first process.
 */
const PACKAGES = [
  ...[
    "base-files",
    "dash",
    "bash",
    "coreutils",
    "util-linux",
    "mount",
    "sed",
    "grep",
    "procps",
    "busybox-static",
    "kmod",
    "ca-certificates",
  ],
  ...["containerd", "runc", "containernetworking-plugins"],
  ...["iproute2", "ethtool", "iptables", "nftables", "ebtables", "arptables", "ipset", "conntrack", "bpftool"],
];

/** Tools whose name alone means the one of nf_tables. Debian's alternatives would say so, but packages' scripts are not run. */
const NF_TABLES_TOOLS = ["iptables", "ip6tables", "arptables", "ebtables"];

/** Files that a booted Debian has and no package holds. */
const FILES: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/resolv.conf": "",
  "etc/machine-id": "",
};

/** Folders that no package holds and boot.sh mounts something on. */
const MOUNT_POINTS = ["usr/lib/modules"];

/** Where the Kubernetes programs are on the disk. */
const KUBERNETES = "usr/lib/hostrouting-lab";

/** Names the content of a programs disk. @param programs folder of the Kubernetes programs, named by what they were built from */
export function nodeProgramsKey(programs: string): string {
  return keyOf(["programs-2", DEBIAN_SUITE, process.arch, path.basename(programs), JSON.stringify(FILES), ...PACKAGES]);
}

/** Writes the root folder of a node's machine, the same for every kernel: Debian packages, and the Kubernetes programs. */
export async function writeNodePrograms(root: string, programs: string): Promise<void> {
  await unpackDebian({ folder: root, packages: PACKAGES, mergedUsr: true });
  for (const tool of NF_TABLES_TOOLS)
    for (const verb of ["", "-save", "-restore"]) await replaceLink(path.join(root, "usr/sbin", `${tool}${verb}`), `${tool}-nft${verb}`);
  await cp(programs, path.join(root, KUBERNETES), { recursive: true, verbatimSymlinks: true });
  for (const name of MOUNT_POINTS) await mkdir(path.join(root, name), { recursive: true });
  for (const [name, text] of Object.entries(FILES)) await writeFile(path.join(root, name), text);
}

async function replaceLink(link: string, target: string): Promise<void> {
  await rm(link, { force: true });
  await symlink(target, link);
}
