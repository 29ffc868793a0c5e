/** Texts that a command is given in files of this machine, or on standard input. */
import { createReadStream } from "node:fs"
import * as Effect from "effect/Effect"
import * as FileText from "../policy/document/FileText.ts"
import { UsageError } from "./Problem.ts"

const reasonOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))

/** `cause` is what was thrown, or the reason in words. */
export const notReadable = (name: string, cause: unknown) =>
  new UsageError({ reason: "NotReadable", message: `${name} cannot be read: ${reasonOf(cause)}` })

/** No more is read than is allowed, whatever a file says of its length: a device or a pipe says that it has none. */
const read = async (name: string, pieces: AsyncIterable<Buffer>, bytesMax: number): Promise<string> => {
  const read: Array<Buffer> = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > bytesMax) throw notReadable(name, `it has more than ${bytesMax} bytes`)
    read.push(piece)
  }
  const text = FileText.decode(Buffer.concat(read))
  if (text === undefined) throw notReadable(name, "it is not UTF-8")
  return text
}

const text = (name: string, pieces: () => AsyncIterable<Buffer>, bytesMax: number) =>
  Effect.tryPromise({
    try: () => read(name, pieces(), bytesMax),
    catch: (cause) => (cause instanceof UsageError ? cause : notReadable(name, cause))
  })

/** What is in a file, or comes from a pipe. */
export const fromFile = (file: string, bytesMax: number) => text(file, () => createReadStream(file), bytesMax)

export const fromStandardInput = (bytesMax: number) => text("standard input", () => process.stdin, bytesMax)
