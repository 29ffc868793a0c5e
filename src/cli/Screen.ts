import { styleText } from "node:util"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

type Style = Parameters<typeof styleText>[0]

/** One of the two streams that the command writes to. */
export interface Side {
  /** Writes a line of the command's own. */
  readonly say: (line: string) => Effect.Effect<void>
  /** Writes text that a guest made. On a terminal its control characters are made visible, so that they cannot act. */
  readonly show: (text: string) => Effect.Effect<void>
  /** Puts a line of the command's own in the place of the last one, on a terminal; elsewhere it is not shown. */
  readonly redraw: (line: string) => Effect.Effect<void>
  /** Makes text that a guest had a part in fit for a line of the command's own. */
  readonly tame: (text: string) => string
  /** How wide a terminal is; undefined if the stream is none. */
  readonly columns: number | undefined
  /** Colours text if the stream is a terminal and `NO_COLOR` is not set. */
  readonly paint: (style: Style, text: string) => string
}

const isControl = /(?![\t\n])\p{Cc}/gu

const visible = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`

const side = (stream: NodeJS.WriteStream): Side => {
  const write = (text: string) => Effect.sync(() => void (text !== "" && stream.write(text)))
  const tame = (text: string) => (stream.isTTY ? text.replaceAll(isControl, visible) : text)
  return {
    say: (line) => write(`${line}\n`),
    show: (text) => write(tame(text)),
    redraw: (line) => (stream.isTTY ? write(`\r\u001b[K${line}`) : Effect.void),
    tame,
    columns: stream.isTTY ? stream.columns : undefined,
    paint: (style, text) => styleText(style, text, { stream })
  }
}

/** Where the command writes: results to `out`, everything about them to `notes`. */
export const Screen = Context.Reference<{ readonly out: Side; readonly notes: Side }>("caisson/cli/Screen", {
  defaultValue: () => ({ out: side(process.stdout), notes: side(process.stderr) })
})
