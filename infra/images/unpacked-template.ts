import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@hostrouting/domain";
import { runCommand } from "./run-command.ts";

/** containerd listens after 0.2 s; more than this means that it cannot start. */
const START_TIMEOUT_MS = 15_000;

/** Reading and unpacking 250 MB. */
const IMPORT_TIMEOUT_MS = 120_000;

/** The parts of a containerd root that hold images: content and unpacked layers never change, the two databases are copied per node. */
export const TEMPLATE_PARTS = {
  blobs: "io.containerd.content.v1.content/blobs",
  snapshots: "io.containerd.snapshotter.v1.overlayfs/snapshots",
  databases: ["io.containerd.metadata.v1.bolt/meta.db", "io.containerd.snapshotter.v1.overlayfs/metadata.db"],
} as const;

/** What a template is made from. */
export interface TemplateSource {
  readonly archives: readonly string[];
  /** The folder that will hold the containerd root; it appears complete or not at all. */
  readonly target: string;
  readonly scratch: string;
}

/**
 * Imports and unpacks images once, with a containerd that runs only for this, so that no node has to.
 * Throws AppError `image.unpack` when that containerd does not start.
 */
export async function buildUnpackedTemplate(source: TemplateSource): Promise<void> {
  const root = join(source.scratch, "template");
  await rm(root, { recursive: true, force: true });
  const state = await mkdtemp(join(tmpdir(), "acns-")); // short: a socket's path has 108 bytes at most
  const socket = join(state, "containerd.sock");
  const config = join(state, "containerd.toml");
  await writeFile(config, containerdConfig(root, socket, state));
  // It ends with this process, however that ends.
  const argv = ["--pdeathsig", "KILL", "unshare", "--mount", "--net", "--propagation", "private", "containerd", "--config", config];
  const daemon = spawn("setpriv", argv, { stdio: "ignore" });
  try {
    await untilListening(socket, daemon);
    for (const archive of source.archives)
      await runCommand({
        argv: ["ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", archive],
        timeoutMs: IMPORT_TIMEOUT_MS,
      });
  } finally {
    await end(daemon);
    await rm(state, { recursive: true, force: true });
  }
  await rm(source.target, { recursive: true, force: true });
  await mkdir(join(source.target, ".."), { recursive: true });
  await rename(root, source.target);
}

function containerdConfig(root: string, socket: string, state: string): string {
  return `version = 2
root = "${root}"
state = "${state}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
address = "${socket}"
`;
}

async function untilListening(socket: string, daemon: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && daemon.exitCode === null) {
    const up = await runCommand({ argv: ["ctr", "--address", socket, "version"], timeoutMs: 2_000 }).then(
      () => true,
      () => false,
    );
    if (up) return;
    await pause(100);
  }
  throw new AppError("image.unpack", {
    say: "containerd did not start, so the images cannot be unpacked",
    do: "Check that Debian's containerd package is installed and the disk is not full",
  });
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => daemon.once("exit", () => resolve()));
  daemon.kill("SIGTERM");
  await Promise.race([ended, pause(5_000, undefined, { ref: false }).then(() => daemon.kill("SIGKILL"))]);
  await ended;
}
