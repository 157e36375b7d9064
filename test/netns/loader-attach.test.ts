import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import {
  attachTracing,
  BpfMap,
  BpfObject,
  BpfProgram,
  detachPinnedLink,
  isFault,
  readPinnedLink,
  updatePinnedLink,
} from "../../packages/bpf-loader/src/index.ts";
import { compileObject, mountPins } from "./loader/compiled-object.ts";

const STATE_CHANGES = Buffer.from([1, 0, 0, 0]);

describe("links", () => {
  const compiled = compileObject("loader_test");
  const pins = mountPins();
  const object = BpfObject.load(compiled.file);

  after(() => {
    object.close();
    pins.remove();
    compiled.remove();
  });

  it("a tracing program is attached by its pin alone, also when it was loaded by a process that is gone", async () => {
    object.program("on_state").pin(`${pins.folder}/on_state`);
    object.map("counts").pin(`${pins.folder}/counts`);
    const adopted = BpfProgram.openPinned(`${pins.folder}/on_state`);
    const counts = BpfMap.openPinned(`${pins.folder}/counts`);
    const link = `${pins.folder}/on_state-link`;
    attachTracing(adopted, link);
    assert.equal(readPinnedLink(link)?.programId, adopted.id);
    const before = stateChanges(counts);
    await openAndCloseConnection();
    assert.ok(stateChanges(counts) > before, "the program has seen a connection");
    detachPinnedLink(link);
    assert.equal(readPinnedLink(link), undefined);
    adopted.close();
    counts.close();
  });

  it("what cannot be attached, or updated, is refused with the kernel's word, and nothing is left behind", () => {
    const link = `${pins.folder}/refused-link`;
    assert.throws(
      () => attachTracing(object.program("first"), link),
      (error) => isFault(error, "EINVAL"),
    );
    assert.equal(readPinnedLink(link), undefined);
    assert.throws(
      () => updatePinnedLink(link, object.program("second")),
      (error) => isFault(error, "ENOENT"),
    );
    attachTracing(object.program("on_state"), link);
    assert.throws(
      () => attachTracing(object.program("on_state"), link),
      (error) => isFault(error, "EEXIST"),
    );
    assert.throws(() => updatePinnedLink(link, object.program("second")), { code: /^bpf\./ });
    detachPinnedLink(link);
  });
});

function stateChanges(counts: BpfMap): bigint {
  return counts.lookup(STATE_CHANGES)?.readBigUInt64LE() ?? 0n;
}

function openAndCloseConnection(): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.resume().end()).listen(0, "127.0.0.1", () => {
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1", () => client.end());
      client
        .resume()
        .once("error", reject)
        .once("close", () => server.close(() => resolve()));
    });
  });
}
