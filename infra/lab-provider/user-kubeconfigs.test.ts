import assert from "node:assert/strict";
import { test } from "node:test";
import { kubeconfigNames } from "./user-kubeconfigs.ts";

test("kubeconfigs call things as AKS does, so that several clusters' can stand in one file", () => {
  const cluster = { resourceGroup: "rg", name: "c" };
  assert.deepEqual(kubeconfigNames(cluster, "user"), { cluster: "c", user: "clusterUser_rg_c", context: "c" });
  assert.deepEqual(kubeconfigNames(cluster, "admin"), { cluster: "c", user: "clusterAdmin_rg_c", context: "c" });
});
