import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { errnoName, isFault } from "./bpf-fault.ts";
import { BpfMap } from "./bpf-map.ts";
import { BpfObject } from "./bpf-object.ts";
import { BpfProgram } from "./bpf-program.ts";
import { FileDescriptor } from "./file-descriptor.ts";
import { readPinnedLink, unpin } from "./pinned-link.ts";
import { attachTcx, queryTcx } from "./tcx-link.ts";

describe("wrong arguments are refused before they reach C", () => {
  it("file descriptors that are none, or closed", () => {
    assert.throws(() => new FileDescriptor(-1, "x"), { code: "bpf.bad-argument" });
    assert.throws(() => new FileDescriptor(1.5, "x"), { code: "bpf.bad-argument" });
    const descriptor = new FileDescriptor(1_000_000, "x");
    descriptor.close();
    descriptor.close();
    assert.throws(() => descriptor.number, { code: "bpf.bad-argument" });
  });

  it("interface indexes that are none", () => {
    for (const ifindex of [0, -1, 1.5, Number.NaN])
      assert.throws(() => queryTcx({ ifindex, side: "Ingress" }), { code: "bpf.bad-argument" });
    assert.throws(() => queryTcx({ ifindex: 1, side: "Above" as "Egress" }), { code: "bpf.bad-argument" });
    assert.throws(() => attachTcx({} as BpfProgram, { ifindex: 0, side: "Egress" }, "/nowhere"), { code: "bpf.bad-argument" });
  });
});

describe("what is not there", () => {
  it("objects, pins and links", () => {
    assert.throws(() => BpfObject.load("/nowhere/x.bpf.o"), { code: "bpf.object-missing" });
    assert.throws(() => BpfObject.load(import.meta.filename), { code: "bpf.object-invalid" });
    assert.throws(
      () => BpfMap.openPinned("/nowhere/map"),
      (error) => isFault(error, "ENOENT"),
    );
    assert.throws(
      () => BpfProgram.openPinned("/nowhere/program"),
      (error) => isFault(error, "ENOENT"),
    );
    assert.equal(readPinnedLink("/nowhere/link"), undefined);
    assert.doesNotThrow(() => unpin("/nowhere/link"));
    assert.throws(() => unpin(import.meta.filename), { code: "bpf.bad-argument" });
    assert.ok(existsSync(import.meta.filename), "a file that is no pin stays");
  });
});

describe("errnoName", () => {
  it("names errno values of either sign, and libbpf's own by number", () => {
    assert.equal(errnoName(-2), "ENOENT");
    assert.equal(errnoName(22), "EINVAL");
    assert.equal(errnoName(-4001), "libbpf error 4001");
  });
});
