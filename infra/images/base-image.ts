import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { AppError } from "@hostrouting/domain";
import { keyOf } from "./bundle-content.ts";
import { DEBIAN_SUITE, unpackDebian } from "./debian-root.ts";
import type { ImageStore } from "./image-store.ts";

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
  return keyOf(["base-1", DEBIAN_SUITE, process.arch, process.version, ...PACKAGES]);
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
  await unpackDebian({ folder: rootfs, packages: PACKAGES, mergedUsr: false });
  await mkdir(join(rootfs, "usr/bin"), { recursive: true });
  await copyFile(process.execPath, join(rootfs, "usr/bin/node"));
  await store.addLayer({ from: "scratch", content: rootfs, name: baseImageName(), entrypoint: ["/usr/bin/node"], workingDir: "/app" });
  await rm(rootfs, { recursive: true, force: true });
}
