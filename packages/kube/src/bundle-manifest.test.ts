import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { stringify } from "yaml";
import { bundleManifest } from "./bundle-manifest.ts";

const golden = new URL("bundle-manifest.golden.yaml", import.meta.url);

test("the bundle's DaemonSet is the one beside this test; UPDATE_GOLDENS=1 writes it anew", () => {
  const manifest = stringify(bundleManifest({ image: "localhost/acns-hostrouting/bundle:0123456789ab", digest: "sha256:0123456789ab" }));
  if (process.env["UPDATE_GOLDENS"] === "1") writeFileSync(golden, manifest);
  assert.ok(existsSync(golden), `${golden.pathname} is missing`);
  assert.equal(manifest, readFileSync(golden, "utf8"));
});

test("an image of a registry may be pulled, an imported one is never asked for", () => {
  const policy = (image: string): string | undefined =>
    bundleManifest({ image, digest: "d" }).spec?.template.spec?.containers[0]?.imagePullPolicy;
  assert.equal(policy("localhost/x:1"), "Never");
  assert.equal(policy("registry.example/x:1"), "IfNotPresent");
});
