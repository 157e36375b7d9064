import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { AppError } from "@hostrouting/domain";
import { keyOf } from "./bundle-content.ts";
import type { ImageStore } from "./image-store.ts";
import { runCommand } from "./run-command.ts";

/** Unpacking 30 packages takes 8 s; a slow mirror may need minutes. */
const BOOTSTRAP_TIMEOUT_MS = 300_000;

/** The Debian release whose libbpf and iptables the agent is tested with. */
const SUITE = "bookworm";

/**
 * What the agent loads (libbpf and what Node itself needs) and the tools with which it reads and writes a node's packet filters.
 * bash, coreutils and iproute2 are for whoever has to look into a node with `kubectl exec`.
 */
const PACKAGES = [
  ...["base-files", "libc6", "libc-bin", "libstdc++6", "libgcc-s1", "zlib1g", "ca-certificates", "bash", "coreutils"],
  ...["libbpf1", "libelf1", "bpftool", "iproute2", "iptables", "nftables", "ebtables", "arptables", "ipset", "conntrack"],
];

/** Names the base layer: equal keys mean equal recipe, release and Node version. */
export function baseImageKey(): string {
  return keyOf(["base-1", SUITE, process.arch, process.version, ...PACKAGES]);
}

/** Name of the base image in the store. */
export function baseImageName(): string {
  return `localhost/acns-hostrouting/base:${baseImageKey()}`;
}

/**
 * Builds the layer that no change of ours touches: Debian packages from the machine's own archive, extracted without running their
 * scripts, and the running Node 24. Throws AppError `image.node-version` when another Node runs this.
 */
export async function buildBaseImage(store: ImageStore, scratch: string): Promise<void> {
  if (!process.version.startsWith("v24."))
    throw new AppError("image.node-version", {
      say: `The image needs Node 24 and this is ${process.version}`,
      do: "Run it through `npm run`",
    });
  const rootfs = join(scratch, "base");
  await rm(rootfs, { recursive: true, force: true });
  await mkdir(rootfs, { recursive: true });
  const tar = join(scratch, "base.tar");
  await runCommand({
    argv: ["mmdebstrap", "--quiet", "--variant=extract", `--include=${PACKAGES.join(",")}`, SUITE, tar],
    timeoutMs: BOOTSTRAP_TIMEOUT_MS,
  });
  await runCommand({ argv: ["tar", "-C", rootfs, "--exclude=./dev/*", "-xf", tar], timeoutMs: BOOTSTRAP_TIMEOUT_MS });
  await mkdir(join(rootfs, "usr/bin"), { recursive: true });
  await copyFile(process.execPath, join(rootfs, "usr/bin/node"));
  await rm(join(rootfs, "usr/share/doc"), { recursive: true, force: true });
  await rm(join(rootfs, "usr/share/man"), { recursive: true, force: true });
  await rm(join(rootfs, "usr/share/locale"), { recursive: true, force: true });
  await store.addLayer({ from: "scratch", content: rootfs, name: baseImageName(), entrypoint: ["/usr/bin/node"], workingDir: "/app" });
  await rm(rootfs, { recursive: true, force: true });
  await rm(tar, { force: true });
}
