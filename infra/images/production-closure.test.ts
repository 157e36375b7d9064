import assert from "node:assert/strict";
import { test } from "node:test";
import { productionClosure, type LockedPackages } from "./production-closure.ts";

const linux = { os: "linux", cpu: "x64" };

const locked: LockedPackages = {
  "services/agent": { dependencies: { "@our/kube": "1", ffi: "1" } },
  "packages/kube": { dependencies: { client: "1", "@types/client": "1" } },
  "packages/portal": { dependencies: { react: "1" } },
  "node_modules/@our/kube": { link: true, resolved: "packages/kube" },
  "node_modules/client": { dependencies: { ws: "8" } },
  "node_modules/client/node_modules/ws": { version: "8.0.0" },
  "node_modules/ws": { version: "7.0.0" },
  "node_modules/@types/client": {},
  "node_modules/react": {},
  "node_modules/ffi": { optionalDependencies: { "ffi-linux": "1", "ffi-mac": "1", "ffi-musl": "1", "ffi-absent": "1" } },
  "node_modules/ffi-linux": { os: ["linux"], cpu: ["x64"] },
  "node_modules/ffi-mac": { os: ["darwin"] },
  "node_modules/ffi-musl": { os: ["linux"], cpu: ["x64"], libc: ["musl"] },
};

test("takes what the workspace loads and nothing else", () => {
  const closure = productionClosure(locked, "services/agent", linux);
  assert.deepEqual(closure.workspaces, ["packages/kube", "services/agent"]);
  assert.deepEqual(closure.installed, [
    "node_modules/client",
    "node_modules/client/node_modules/ws",
    "node_modules/ffi",
    "node_modules/ffi-linux",
  ]);
});

test("takes the outer copy where there is no nested one", () => {
  const flat: LockedPackages = {
    "services/agent": { dependencies: { a: "1" } },
    "node_modules/a": { dependencies: { ws: "7" } },
    "node_modules/ws": {},
  };
  assert.deepEqual(productionClosure(flat, "services/agent", linux).installed, ["node_modules/a", "node_modules/ws"]);
});

test("takes an installed peer, and not one that is absent", () => {
  const peers: LockedPackages = {
    "services/agent": { dependencies: { a: "1" } },
    "node_modules/a": { peerDependencies: { b: "1", c: "1" } },
    "node_modules/b": {},
  };
  assert.deepEqual(productionClosure(peers, "services/agent", linux).installed, ["node_modules/a", "node_modules/b"]);
});
