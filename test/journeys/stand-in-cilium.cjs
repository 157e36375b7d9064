#!/usr/bin/node
// A stand-in for Cilium's agent and its `cilium-dbg`, run by pods of the lab; no Cilium, and nothing is routed. It does what Cilium documents of its
// configuration: `build-config` merges `cilium-config` and the CiliumNodeConfigs that fit the node, in the order of their names, once, when the pod starts;
// `agent` runs with that; `status -o json` tells how the agent routes with it.
"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const https = require("node:https");

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const CONFIG = "/tmp/config.json";

function get(path) {
  const options = {
    host: process.env.KUBERNETES_SERVICE_HOST,
    port: process.env.KUBERNETES_SERVICE_PORT,
    path,
    ca: readFileSync(`${ACCOUNT}/ca.crt`),
    headers: { authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8")}`, accept: "application/json" },
  };
  return new Promise((resolve, reject) => {
    https
      .get(options, (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += chunk));
        answer.on("end", () => (answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${path}: ${text}`))));
      })
      .on("error", reject);
  });
}

async function buildConfig() {
  const [map, overrides, node] = await Promise.all([
    get("/api/v1/namespaces/kube-system/configmaps/cilium-config"),
    get("/apis/cilium.io/v2/namespaces/kube-system/ciliumnodeconfigs"),
    get(`/api/v1/nodes/${process.env.NODE_NAME}`),
  ]);
  const fits = ({ spec }) =>
    Object.entries(spec.nodeSelector.matchLabels ?? {}).every(([key, value]) => node.metadata.labels[key] === value);
  const fitting = overrides.items.filter(fits).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  writeFileSync(CONFIG, JSON.stringify(Object.assign({}, map.data, ...fitting.map(({ spec }) => spec.defaults))));
}

function status() {
  const config = JSON.parse(readFileSync(CONFIG, "utf8"));
  const isOn = (key) => config[key] === "true";
  const isBpf = !isOn("enable-host-legacy-routing") && isOn("kube-proxy-replacement") && isOn("enable-bpf-masquerade");
  return {
    "kube-proxy-replacement": { mode: isOn("kube-proxy-replacement") ? "True" : "False" },
    masquerading: { enabled: true, mode: isOn("enable-bpf-masquerade") ? "BPF" : "iptables" },
    routing: { "intra-host-routing-mode": isBpf ? "BPF" : "Legacy", "inter-host-routing-mode": "Native" },
  };
}

const [, , command] = process.argv;
if (command === "build-config") void buildConfig();
else if (command === "status") process.stdout.write(`${JSON.stringify(status())}\n`);
else setInterval(() => undefined, 60_000);
