/** Runs one piece of work at a time, in the order of asking. */
export type Lane = {
  /** `onWait` is told how many are ahead where there are any. */
  run<T>(work: () => Promise<T>, onWait: (ahead: number) => void): Promise<T>;
};

/** Makes a lane. A piece that fails holds up nobody. */
export function openLane(): Lane {
  let last: Promise<unknown> = Promise.resolve();
  let taken = 0;
  return {
    run(work, onWait) {
      if (taken > 0) onWait(taken);
      taken += 1;
      const mine = last.then(work).finally(() => (taken -= 1));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
