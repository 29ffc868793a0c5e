import type { Output } from "./Turn.ts"

/** Whether the last thing that was printed is the mark that interpreters set where there is more than is allowed. */
export const isCut = (printed: ReadonlyArray<Output>, bytesMax: number): boolean =>
  printed.at(-1)?.text.endsWith(`\n[output truncated at ${bytesMax} bytes]\n`) === true

/** Adds a piece to what was printed: pieces of one stream that follow each other are one, so that it does not depend on time. */
export const add = (printed: Array<Output>, { stream, text }: Output): void => {
  const last = printed.at(-1)
  if (last?.stream === stream) printed[printed.length - 1] = { stream, text: last.text + text }
  else printed.push({ stream, text })
}
