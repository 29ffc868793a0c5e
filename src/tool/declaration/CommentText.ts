/**
 * Foreign text inside comments of generated TypeScript. It stays in its comment: nothing in it ends a line or a comment, opens
 * a code fence around it, or speaks to the compiler.
 */
const neutral = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll("`", "'")
    .replaceAll("*/", "* /")
    .replaceAll("@ts-", "@ ts-")
    .trim()

const bounded = (text: string, lengthMax: number): string =>
  (text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`).toWellFormed()

const lineLengthMax = 400
const linesMax = 40

/** One line of a comment. */
const line = (text: string): string => neutral(bounded(text, lineLengthMax))

/** A comment behind something; nothing if there is nothing to say. */
export const trailing = (notes: ReadonlyArray<string>): string =>
  notes.length === 0 ? "" : ` /* ${line(notes.join(", "))} */`

/** A doc comment before something, with its line break; nothing if there is nothing to say. */
export const doc = (texts: ReadonlyArray<string>): string => {
  const lines = texts
    .flatMap((text) => text.split(/\r\n|[\n\r\u2028\u2029]/))
    .map(line)
    .filter((text) => text !== "")
    .slice(0, linesMax)
  const [only] = lines
  if (only === undefined) return ""
  return lines.length === 1 ? `/** ${only} */\n` : `/**\n${lines.map((text) => ` * ${text}\n`).join("")} */\n`
}
