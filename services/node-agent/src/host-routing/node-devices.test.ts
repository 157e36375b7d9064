import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Link, Route } from "@hostrouting/bpf-loader";
import { findDevices, type NetworkSnapshot } from "./node-devices.ts";

const mac = Buffer.from("020000000001", "hex");
const link = (index: number, name: string, changes: Partial<Link> = {}): Link => ({
  index,
  name,
  kind: "veth",
  mac,
  mtuBytes: 1500,
  up: true,
  peerIndex: 2,
  peerNetnsId: index,
  ...changes,
});
const host = (index: number, destination: string): Route => ({
  family: destination.includes(":") ? 6 : 4,
  destination,
  prefixLength: destination.includes(":") ? 128 : 32,
  index,
  viaGateway: false,
});
const snapshot: NetworkSnapshot = {
  links: [link(1, "lo", { kind: "", peerNetnsId: undefined }), link(2, "eth0"), link(3, "veth3"), link(4, "veth4"), link(5, "docker0")],
  addresses: [{ index: 2, address: "10.240.0.11", prefixLength: 24 }],
  routes: [
    { family: 4, destination: "10.244.2.0", prefixLength: 24, index: 2, viaGateway: true },
    host(3, "10.244.1.2"),
    host(3, "fd00::2"),
    host(4, "10.244.1.9"),
  ],
  podEnds: new Map([
    [3, { mac, addresses: ["fd00::2", "10.244.1.2", "fe80::1"] }],
    [4, { mac, addresses: ["10.99.0.1"] }],
  ]),
};

describe("findDevices", () => {
  it("takes pods with the addresses that the node routes to them, and no others", () => {
    const { pods } = findDevices(snapshot, []);
    assert.deepEqual(
      pods.map(({ name, addresses }) => ({ name, addresses })),
      [{ name: "veth3", addresses: ["10.244.1.2", "fd00::2"] }],
    );
  });

  it("takes what has a route through a gateway or a node address as uplink", () => {
    assert.deepEqual(findDevices(snapshot, []).uplinks, [{ ifindex: 2, name: "eth0" }]);
    const flat = { ...snapshot, routes: snapshot.routes.filter(({ viaGateway }) => !viaGateway) };
    assert.deepEqual(findDevices(flat, []).uplinks, []);
    assert.deepEqual(findDevices(flat, ["10.240.0.11"]).uplinks, [{ ifindex: 2, name: "eth0" }]);
  });

  it("leaves out devices that are down", () => {
    const down = { ...snapshot, links: snapshot.links.map((one) => ({ ...one, up: false })) };
    assert.deepEqual(findDevices(down, ["10.240.0.11"]), { pods: [], uplinks: [] });
  });
});
