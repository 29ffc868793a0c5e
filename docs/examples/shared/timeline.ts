/** What the demo prints: who did what, and when. Times are measured from its start; colours are for terminals alone. */
import { inspect, styleText } from "node:util"

const start = performance.now()
const columns = { time: 9, who: 14 }
const margin = " ".repeat(columns.time + columns.who + 3)
const widthMax = 160

export const colour = (style: Parameters<typeof styleText>[0], text: string): string =>
  styleText(style, text, { stream: process.stdout })

export const show = (value: unknown): string => inspect(value, { breakLength: 160, compact: 4, depth: 4 })

/** A line that is too long for a timeline loses its end. */
export const cut = (line: string): string => (line.length > widthMax ? `${line.slice(0, widthMax)}…` : line)

export const tell = (who: string, ...lines: ReadonlyArray<string>): void => {
  const seconds = `${((performance.now() - start) / 1_000).toFixed(3)} s`.padStart(columns.time)
  const what = lines.flatMap((line) => line.split("\n")).join(`\n${margin}`)
  console.log(`${colour("gray", seconds)}  ${colour("cyan", who.padEnd(columns.who))} ${what}`)
}

/** How long something took, with its result. */
export const timed = async <A>(work: () => A): Promise<readonly [result: Awaited<A>, millis: number]> => {
  const begin = performance.now()
  const result = await work()
  return [result, performance.now() - begin]
}
