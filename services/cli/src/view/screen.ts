/** Where lines are shown. `show` replaces what it showed before; `done` leaves it standing. */
export type Screen = { show(lines: readonly string[]): void; done(): void };

/** What a terminal is, as far as pictures are concerned; a size that is not known is absent or 0. */
export type Terminal = { readonly columns?: number; readonly rows?: number; write(text: string): unknown };

/**
 * A terminal: the picture is redrawn in place (ECMA-48: cursor up, erase below), lines broken at its width. What does not fit its height could not
 * be drawn over: while the picture changes its end is left out, and `done` shows all.
 */
export function terminalScreen(out: Terminal): Screen {
  let shown = 0;
  let last: readonly string[] = [];
  const draw = (rows: readonly string[]): void => {
    const up = shown > 0 ? `\u001B[${shown}A\u001B[0J` : "";
    out.write(`${up}${rows.join("\n")}\n`);
    shown = rows.length;
  };
  return {
    show(lines) {
      last = lines.flatMap((line) => brokenLine(line, (out.columns || 120) - 1));
      const room = Math.max(2, (out.rows || 50) - 1);
      draw(
        last.length <= room ? last : [...last.slice(0, room - 1), `… ${last.length - room + 1} more lines; "hostrouting status" shows all`],
      );
    },
    done() {
      if (last.length > shown) draw(last);
      shown = 0;
    },
  };
}

/** A line in rows of at most `width` characters, broken between words; what goes on is indented. A word that is longer is broken too. Pure. */
export function brokenLine(line: string, width: number): readonly string[] {
  const indent = " ".repeat((/^ */.exec(line)?.[0].length ?? 0) + 4);
  const rows: string[] = [];
  let rest = line;
  while (rest.length > width && width > 2 * indent.length) {
    const space = rest.lastIndexOf(" ", width);
    const at = space > indent.length ? space : width;
    rows.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...rows, rest];
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
