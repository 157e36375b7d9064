import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KnownPod } from "../pods/watched-pods.ts";
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
  masterIndex: undefined,
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
    [3, { name: "eth0", mac, addresses: ["fd00::2", "10.244.1.2", "fe80::1"] }],
    [4, { name: "eth0", mac, addresses: ["10.99.0.1"] }],
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

  it("takes the smallest MTU of an uplink's routes for the uplink's", () => {
    const [first, ...others] = snapshot.routes;
    assert.ok(first);
    const routes = [first, { ...first, destination: "10.244.3.0", mtuBytes: 1300 }, ...others, { ...host(3, "10.244.1.7"), mtuBytes: 900 }];
    assert.deepEqual(findDevices({ ...snapshot, routes }, []).uplinks, [{ ifindex: 2, name: "eth0", mtuBytes: 1300 }]);
  });

  it("takes what has a route through a gateway or a node address as uplink", () => {
    assert.deepEqual(findDevices(snapshot, []).uplinks, [{ ifindex: 2, name: "eth0", mtuBytes: 1500 }]);
    const flat = { ...snapshot, routes: snapshot.routes.filter(({ viaGateway }) => !viaGateway) };
    assert.deepEqual(findDevices(flat, []).uplinks, []);
    assert.deepEqual(findDevices(flat, ["10.240.0.11"]).uplinks, [{ ifindex: 2, name: "eth0", mtuBytes: 1500 }]);
  });

  it("leaves out devices that are down", () => {
    const down = { ...snapshot, links: snapshot.links.map((one) => ({ ...one, up: false })) };
    assert.deepEqual(findDevices(down, ["10.240.0.11"]), { pods: [], uplinks: [], unfit: [] });
  });

  it("says whose device it is, and that its pod stays on the stack", () => {
    const owner = knownPod("shop/cart", ["fd00:0::2"], "OptOut");
    assert.partialDeepStrictEqual(findDevices(snapshot, [], [owner]).pods, [{ name: "veth3", pod: "shop/cart", stay: "OptOut" }]);
    assert.partialDeepStrictEqual(findDevices(snapshot, [], [{ ...owner, hostNetwork: true }]).pods, [{ name: "veth3", pod: undefined }]);
  });

  const unfit: [string, NetworkSnapshot, KnownPod[], object[]][] = [
    [
      "a pod's device on a bridge",
      { ...snapshot, links: [link(3, "veth3", { masterIndex: 9 })] },
      [],
      [{ name: "veth3", reason: "Bridged", addresses: ["10.244.1.2", "fd00::2"], pod: undefined, ifindex: 3 }],
    ],
    [
      "a pod's device on a bridge without a route of its own",
      { ...snapshot, routes: [], links: [link(3, "veth3", { masterIndex: 9 })] },
      [knownPod("shop/cart", ["10.244.1.2"])],
      [{ name: "veth3", reason: "Bridged", addresses: ["10.244.1.2", "fd00::2", "fe80::1"], pod: "shop/cart", ifindex: 3 }],
    ],
    [
      "a second device of a pod",
      { ...snapshot, podEnds: new Map([[3, { name: "net1", mac, addresses: ["10.244.1.2"] }]]) },
      [],
      [{ name: "veth3", reason: "NotEth0", addresses: ["10.244.1.2"], pod: undefined, ifindex: 3 }],
    ],
    [
      "an address behind the other end, as of a virtual machine",
      { ...snapshot, podEnds: new Map([[4, { name: "eth0", mac, addresses: [] }]]) },
      [knownPod("vms/one", ["10.244.1.9"])],
      [{ name: "veth4", reason: "ForeignPeer", addresses: ["10.244.1.9"], pod: "vms/one", ifindex: 4 }],
    ],
    [
      "a device of another kind",
      { ...snapshot, links: [link(3, "nk3", { kind: "netkit" })], podEnds: new Map() },
      [knownPod("shop/cart", ["10.244.1.2"])],
      [{ name: "nk3", reason: "UnsupportedDevice", addresses: ["10.244.1.2", "fd00::2"], pod: "shop/cart", ifindex: 3 }],
    ],
    ["nothing about devices that are no pod's as far as is known", { ...snapshot, podEnds: new Map() }, [], []],
  ];
  for (const [name, network, known, expected] of unfit)
    it(`leaves alone and names ${name}`, () => assert.deepEqual(findDevices(network, [], known).unfit, expected));
});

function knownPod(name: string, addresses: string[], stay?: KnownPod["stay"]): KnownPod {
  const namespace = name.split("/")[0] ?? "";
  return { name, namespace, addresses, hostNetwork: false, hostPorts: [], optOut: undefined, bandwidthLimited: false, stay };
}
