import { Effect } from "effect"
import type { Side } from "../../src/cli/Screen.ts"

/** A side of a screen that keeps its lines; `told` learns of each. */
export const linesInto = (lines: Array<string>, told: (line: string) => void = () => {}): Side => ({
  say: (line) =>
    Effect.sync(() => {
      lines.push(line)
      told(line)
    }),
  show: (text) => Effect.sync(() => void lines.push(text)),
  redraw: () => Effect.void,
  tame: (text) => text,
  columns: undefined,
  paint: (_, text) => text
})
