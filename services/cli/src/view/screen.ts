/** Where lines are shown. `show` replaces what it showed before; `done` leaves it standing. */
export type Screen = { show(lines: readonly string[]): void; done(): void };

/** A terminal: the picture is redrawn in place (ECMA-48: cursor up, erase below), lines cut to its width. */
function terminalScreen(out: NodeJS.WriteStream): Screen {
  let shown = 0;
  return {
    show(lines) {
      const width = out.columns || 120;
      const up = shown > 0 ? `\u001B[${shown}A\u001B[0J` : "";
      out.write(`${up}${lines.map((line) => line.slice(0, width - 1)).join("\n")}\n`);
      shown = lines.length;
    },
    done: () => (shown = 0),
  };
}

/** Anything else (a pipe, a log): a picture is printed when it differs from the one before, in what it says, not in how long something waits. */
function plainScreen(out: NodeJS.WritableStream): Screen {
  let last = "";
  return {
    show(lines) {
      const said = lines.join("\n").replaceAll(/waiting \d+ s(, at most \d+ s more)?/g, "waiting");
      if (said === last) return;
      last = said;
      out.write(`${lines.join("\n")}\n\n`);
    },
    done: () => undefined,
  };
}

/** The screen that fits the stream. */
export function screenFor(out: NodeJS.WriteStream): Screen {
  return out.isTTY ? terminalScreen(out) : plainScreen(out);
}
