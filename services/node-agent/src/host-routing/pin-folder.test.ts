import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { AppError } from "@hostrouting/domain";
import { PinFolder } from "./pin-folder.ts";

test("where no bpf file system is, nothing is made, and the remedy is said", () => {
  const root = mkdtempSync(path.join(tmpdir(), "no-bpffs-"));
  try {
    assert.throws(
      () => new PinFolder(path.join(root, "acns-hostrouting"), "0123456789ab").create(),
      (error: Error) => error instanceof AppError && error.remedy === `Mount one there: mount -t bpf bpf ${root}`,
    );
    assert.deepEqual(readdirSync(root), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});
