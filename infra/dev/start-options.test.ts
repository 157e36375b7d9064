import assert from "node:assert/strict";
import { homedir } from "node:os";
import { test } from "node:test";
import { parseStartOptions } from "./start-options.ts";

const DEFAULT = `${homedir()}/.local/state/acns-hostrouting`;

test("without options: port 8443, three nodes, the lab, everything below the state folder", () => {
  assert.deepEqual(parseStartOptions([]), {
    stateDir: DEFAULT,
    port: 8443,
    nodes: 3,
    machines: [],
    kubeProxyMode: "iptables",
    lab: true,
    readyFile: `${DEFAULT}/ready.json`,
  });
});

test("every option is read", () => {
  const lab = ["--nodes", "5", "--vm-nodes", "6.1,6.12", "--kube-proxy-mode", "nftables", "--no-lab"];
  const options = parseStartOptions(["--state-dir", "/s", "--port", "9000", ...lab, "--ready-file", "/r.json"]);
  const wanted = { nodes: 5, machines: ["6.1", "6.12"], kubeProxyMode: "nftables", lab: false };
  assert.deepEqual(options, { stateDir: "/s", port: 9000, ...wanted, readyFile: "/r.json" });
});

for (const argv of [
  ["--port", "0"],
  ["--port", "65536"],
  ["--nodes", "two"],
  ["--nodes", "1.5"],
  ["--vm-nodes", "6.12,5.10"],
  ["--vm-nodes", "6.1,6.1,6.1,6.1,6.1"],
  ["--kube-proxy-mode", "ipvs"],
  ["--bogus"],
  ["stray"],
])
  test(`refused with the usage: ${argv.join(" ")}`, () => {
    assert.throws(() => parseStartOptions(argv), { code: "start.usage", remedy: /^Usage: npm start/ });
  });
