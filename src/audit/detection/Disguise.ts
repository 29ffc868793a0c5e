/**
 * What a text says once its usual encodings are undone: percent-encoding, base64 (both alphabets, at any alignment) and
 * hexadecimal, also one in another. What a guest has encrypted stays closed.
 */

export interface Unveiled {
  readonly text: string
  readonly by: "percent" | "base64" | "hex"
}

const depthMax = 2
const runsMax = 64
const shareOfLetters = 0.9

const decodable = /%[0-9A-Fa-f]{2}|[A-Za-z0-9+/_-]{12}/
const runs = /[A-Za-z0-9+/_-]{12,}/g
const hexadecimal = /(?:[0-9a-f]{2}){6,}|(?:[0-9A-F]{2}){6,}/g

/** Of random bytes, a third is printable. */
const isReadable = (text: string): boolean => {
  let readable = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if ((code > 31 && code < 127) || code === 10 || code === 13 || code === 9) readable += 1
  }
  return text.length > 5 && readable >= text.length * shareOfLetters
}

/** A text without percent-encoding; the same one if it has none. */
export const percent = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))

const base64 = (run: string): string | undefined => {
  for (let offset = 0; offset < 4; offset++) {
    const text = Buffer.from(run.slice(offset), "base64").toString("latin1")
    if (isReadable(text)) return text
  }
  return undefined
}

const ofHexadecimal = (digits: string): Unveiled | undefined => {
  if (digits.length % 2 === 1) return ofHexadecimal(digits.slice(1))
  const text = Buffer.from(digits, "hex").toString("latin1")
  return isReadable(text) ? { text, by: "hex" } : undefined
}

/** Words and slugs have no capitals in their midst; a base64 text of twelve characters without any is one in a thousand. */
const mayBeBase64 = (run: string): boolean => run.length > 11 && /[a-z0-9+/_-][A-Z]/.test(run)

/** Where a run is no text as a whole, a slash in it may be one of a path. */
const ofBase64 = (run: string): ReadonlyArray<Unveiled> => {
  const text = mayBeBase64(run) ? base64(run) : undefined
  if (text !== undefined) return [{ text, by: "base64" }]
  return run.includes("/") ? run.split("/").flatMap(ofBase64) : []
}

const once = (text: string): ReadonlyArray<Unveiled> => {
  if (!decodable.test(text)) return []
  const found: Array<Unveiled> = []
  if (text.includes("%")) {
    const decoded = percent(text)
    if (decoded !== text) found.push({ text: decoded, by: "percent" })
  }
  for (const digits of text.match(hexadecimal)?.slice(0, runsMax) ?? []) {
    const unveiled = ofHexadecimal(digits)
    if (unveiled !== undefined) found.push(unveiled)
  }
  for (const run of text.match(runs)?.slice(0, runsMax) ?? []) found.push(...ofBase64(run))
  return found
}

/** Every text that can be got out of this one. At most two encodings deep, and 64 encoded parts of each text. */
export const undo = (text: string): ReadonlyArray<Unveiled> => {
  const found: Array<Unveiled> = []
  let layer = once(text)
  for (let depth = 0; depth < depthMax && layer.length > 0; depth++) {
    found.push(...layer)
    layer = depth + 1 < depthMax ? layer.flatMap(({ text }) => once(text)) : []
  }
  return found
}

const separators = /[^A-Za-z0-9]+/g

/** The letters and digits of a text that has so much else between them that it may be spelled out; undefined of other texts. */
export const unspaced = (text: string): string | undefined => {
  const letters = text.replace(separators, "")
  return letters.length > 5 && letters.length * 3 <= text.length * 2 ? letters : undefined
}

/** The text from its end to its start. */
export const reversed = (text: string): string => {
  let result = ""
  for (let index = text.length - 1; index >= 0; index--) result += text[index]
  return result
}
