import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultAllowList, judgeScan, loadAllowList, nodeImageOf, type Dump, type ScanOptions } from "@hostrouting/netfilter";
import { defaultRulesCondition } from "./default-rules-condition.ts";
import type { ScannedImage } from "./rule-watch.ts";

const allowList = loadAllowList(defaultAllowList);
const image = nodeImageOf("AKSUbuntu-2404gen2containerd-202610.12.0") ?? "Unknown";
const wireserver = (port: number): string => `-A FORWARD -d 168.63.129.16/32 -p tcp -m tcp --dport ${port} -j DROP`;
const save = (...lines: string[]): Dump => ({
  source: "iptables-nft-save",
  text: ["*filter", ":FORWARD ACCEPT [0:0]", ...lines, "COMMIT", ""].join("\n"),
});
const said = (dumps: Dump[], of: ScannedImage, options: ScanOptions = {}) =>
  defaultRulesCondition({ verdict: judgeScan(dumps, allowList, options), image: of }).map(({ status, reason }) => `${status} ${reason}`);

describe("what a node says of the rules that are its own", () => {
  const both = save(wireserver(80), wireserver(32526));
  it("is nothing before its image was asked for", () => assert.deepEqual(said([both], "NotRead"), []));
  it("is that they are there", () => assert.deepEqual(said([both], image), ["True Present"]));
  it("is that one is gone", () => assert.deepEqual(said([save(wireserver(80))], image), ["False Missing"]));
  it("is that one is gone, whatever the image", () => assert.deepEqual(said([save(wireserver(80))], "Unknown"), ["False Missing"]));
  it("is nothing but that its image is not known, where none is missed", () =>
    assert.deepEqual(said([save()], "Unknown"), ["Unknown ImageUnknown"]));
  it("is unknown where a tool failed", () =>
    assert.deepEqual(said([save(), { source: "ip6tables-nft-save", failed: "no" }], image), ["Unknown NotRead"]));
  it("names five at most, each with its owner and why", () => {
    const verdict = judgeScan([save()], allowList, { expectedOwners: ["LocalDNS", "AKS node set-up"] });
    const [condition] = defaultRulesCondition({ verdict, image });
    assert.match(condition?.message ?? "", /^Gone or altered: wireserver-80 \(AKS node set-up\): Pods must not reach .* And 5 more\.$/);
  });
});
