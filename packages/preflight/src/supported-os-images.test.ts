import assert from "node:assert/strict";
import { test } from "node:test";
import { osOfImage, SUPPORTED_OS_IMAGES } from "./node-os.ts";

const IMAGES = [
  "Ubuntu 24.04.3 LTS",
  "Ubuntu 24.04",
  "Ubuntu 24.041",
  "Ubuntu 22.04.5 LTS",
  "Azure Linux 3.0",
  "Microsoft Azure Linux 3.0",
  "CBL-Mariner/Linux",
  "Windows Server 2022 Datacenter",
];

test("nodes are tainted at their birth for the images that host routing can be on for", () => {
  const supported = new RegExp(SUPPORTED_OS_IMAGES);
  assert.deepEqual(
    IMAGES.filter((image) => supported.test(image)),
    IMAGES.filter((image) => osOfImage(image) !== "Unsupported"),
  );
});
