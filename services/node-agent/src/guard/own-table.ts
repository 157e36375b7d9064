/** What a table of the kernel's offers; a BpfMap does. */
export type KernelTable = {
  lookup(key: Buffer): Buffer | undefined;
  update(key: Buffer, value: Buffer): void;
  delete(key: Buffer): void;
  keys(): Buffer[];
};

/** An entry of a table, as it stands in the kernel. */
export type TableEntry = readonly [key: Buffer, value: Buffer];

/**
 * A table that nobody but the agent has to write, brought to what is wanted again and again. What somebody else wrote meanwhile is undone
 * and remembered: whoever may call bpf() can permit himself to write rules, and must not do so unseen.
 */
export class OwnTable {
  readonly #table: KernelTable;
  /** What this process wrote last. */
  readonly #written = new Map<string, Buffer>();
  /** What stood there before this process is an earlier agent's. */
  #isOwn = false;
  #foreign = false;

  constructor(table: KernelTable) {
    this.#table = table;
  }

  /** Adds and changes before it removes: at no moment does a permitted writer lack its entry. Answers how many entries were set or removed. */
  sync(wanted: readonly TableEntry[]): number {
    let changes = 0;
    for (const [key, value] of wanted) {
      const found = this.#table.lookup(key);
      this.#compare(key, found);
      if (!found?.equals(value)) {
        this.#table.update(key, value);
        changes++;
      }
      this.#written.set(key.toString("hex"), value);
    }
    changes += this.#removeOthers(new Set(wanted.map(([key]) => key.toString("hex"))));
    this.#isOwn = true;
    return changes;
  }

  /** Whether somebody else wrote since this was asked last. */
  takeForeign(): boolean {
    const was = this.#foreign;
    this.#foreign = false;
    return was;
  }

  #removeOthers(keep: ReadonlySet<string>): number {
    let changes = 0;
    for (const key of this.#table.keys()) {
      const name = key.toString("hex");
      if (keep.has(name)) continue;
      this.#compare(key, this.#table.lookup(key));
      this.#table.delete(key);
      changes++;
    }
    for (const name of [...this.#written.keys()]) if (!keep.has(name)) this.#written.delete(name);
    return changes;
  }

  #compare(key: Buffer, found: Buffer | undefined): void {
    const own = this.#written.get(key.toString("hex"));
    const same = own === undefined ? found === undefined : found?.equals(own) === true;
    if (this.#isOwn && !same) this.#foreign = true;
  }
}
