import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { keyOf } from "./bundle-content.ts";
import type { ImageStore } from "./image-store.ts";
import { runCommand } from "./run-command.ts";

const SOURCE = join(import.meta.dirname, "pause.c");

/** Name of the sandbox image; it changes with its source. */
export async function pauseImageName(): Promise<string> {
  return `localhost/acns-hostrouting/pause:${keyOf([await readFile(SOURCE, "utf8")])}`;
}

/** Compiles the sandbox's process and makes an image of this one file. */
export async function buildPauseImage(store: ImageStore, scratch: string): Promise<void> {
  const rootfs = join(scratch, "pause");
  await rm(rootfs, { recursive: true, force: true });
  await mkdir(rootfs, { recursive: true });
  await runCommand({ argv: ["gcc", "-Os", "-static", "-s", "-Wall", "-Werror", "-o", join(rootfs, "pause"), SOURCE], timeoutMs: 60_000 });
  await store.addLayer({ from: "scratch", content: rootfs, name: await pauseImageName(), entrypoint: ["/pause"] });
  await rm(rootfs, { recursive: true, force: true });
}
