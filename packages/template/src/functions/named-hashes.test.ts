import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { armGuid, nameGuid } from "./name-guid.ts";
import { murmurHash64, uniqueString } from "./unique-string.ts";

// answers of Azure itself, as published by people who compared with them
for (const [texts, answer] of [
  [["tyeth"], "zcztcwvu6iyg6"],
  [["hello", "world"], "a7wkljktk6wne"],
  [["/subscriptions/3c7f956b-55ee-4686-9d30-da1eb631dc59/resourceGroups/rg-devopsshieldek010dev"], "fd63l2gacbtca"],
] as const) {
  test(`uniqueString of ${texts.join(", ")}`, () => assert.equal(uniqueString(texts), answer));
}

test("the hash behind uniqueString", () => assert.equal(murmurHash64(new TextEncoder().encode("hello-world")), 571_013_382_255_652_050n));

test("a UUID of a name, as RFC 9562 has it", () => {
  assert.equal(nameGuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
});

test("guid joins its arguments by hyphens", () =>
  assert.equal(armGuid(["a", "b"]), nameGuid("11fb06fb-712d-4ddd-98c7-e71bbd588830", "a-b")));

test("names of every length are hashed as Node does", () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string({ unit: "binary", maxLength: 200 }), (space, name) => {
      const digest = createHash("sha1")
        .update(Buffer.from(space.replaceAll("-", ""), "hex"))
        .update(name)
        .digest("hex");
      const ours = nameGuid(space, name).replaceAll("-", "");
      // all but version and variant
      assert.equal(
        ours.slice(0, 12) + ours.slice(13, 16) + ours.slice(17),
        digest.slice(0, 12) + digest.slice(13, 16) + digest.slice(17, 32),
      );
    }),
  );
});
