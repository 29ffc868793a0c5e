import type { Output } from "./Turn.ts"

export const bytesOf = (printed: ReadonlyArray<Output>): number =>
  printed.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)

/** Adds a piece to what was printed: pieces of one stream that follow each other are one, so that it does not depend on time. */
export const add = (printed: Array<Output>, { stream, text }: Output): void => {
  const last = printed.at(-1)
  if (last?.stream === stream) printed[printed.length - 1] = { stream, text: last.text + text }
  else printed.push({ stream, text })
}
