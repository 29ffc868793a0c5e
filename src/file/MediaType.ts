import mime from "mime"

/** What is enough of a file to tell its type. */
export const headBytes = 4_096

const signatures: ReadonlyArray<{ readonly type: string; readonly begins: ReadonlyArray<number> }> = [
  { type: "image/png", begins: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: "image/jpeg", begins: [0xff, 0xd8, 0xff] },
  { type: "image/gif", begins: [0x47, 0x49, 0x46, 0x38] },
  { type: "application/pdf", begins: [0x25, 0x50, 0x44, 0x46, 0x2d] },
  { type: "application/zip", begins: [0x50, 0x4b, 0x03, 0x04] },
  { type: "application/zip", begins: [0x50, 0x4b, 0x05, 0x06] },
  { type: "application/gzip", begins: [0x1f, 0x8b, 0x08] }
]

const unknown = "application/octet-stream"
const plain = "text/plain; charset=utf-8"

const textOf = (head: Uint8Array): string | undefined => {
  try {
    // The head may end within a character: more is said to follow.
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(head), { stream: true })
  } catch {
    return undefined
  }
}

const isText = (text: string): boolean => !/[^\P{Cc}\t\n\r\f]/u.test(text)

const isSvg = (text: string): boolean => /^\s*<(svg[\s>]|\?xml\s|!DOCTYPE svg\s)/.test(text) && /<svg[\s>]/.test(text)

const sniff = (head: Uint8Array): string => {
  const known = signatures.find(({ begins }) => begins.every((byte, index) => head[index] === byte))
  if (known !== undefined) return known.type
  const text = textOf(head)
  if (text === undefined || !isText(text)) return unknown
  return isSvg(text) ? "image/svg+xml" : plain
}

/** Names that far more often say something else: a text called `.ts` is a program, not a film. */
const doubtful = new Set(["video/mp2t"])

/** The media type of a file by its name or, if that says nothing, by how it begins. */
export const mediaTypeOf = (path: string, head: Uint8Array): string => {
  const byName = mime.getType(`/${path.slice(path.lastIndexOf("/") + 1)}`)
  if (byName !== null && !doubtful.has(byName)) return byName
  const sniffed = sniff(head.subarray(0, headBytes))
  return sniffed === unknown && byName !== null ? byName : sniffed
}
