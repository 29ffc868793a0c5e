/** Files of an operator as texts: of policies, of templates, and what a command is given. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"

/** Of a policy or a template. */
export const bytesMax = 1_048_576

/** The text of a file; undefined if it is not UTF-8: what was lost in reading would decide otherwise. */
export const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** What the system says of a file that it does not do something with, as Node has it. */
export const reasonOf = ({ cause, message }: Error): string => (cause instanceof Error ? cause.message : message)

/** Reads the file of a policy, of a template, or what one of those names. Fails with the reason, in words, if that is none to be read. */
export const read = Effect.fn("FileText.read")(
  function* (file: string, most: number = bytesMax) {
    const files = yield* FileSystem.FileSystem
    const { size, type } = yield* files.stat(file)
    // What is no file may have no end, whatever it says of its length.
    if (type !== "File") return yield* Effect.fail(`it is no file: ${type}`)
    if (size > most) return yield* Effect.fail(`it has more than ${most} bytes`)
    return decode(yield* files.readFile(file)) ?? (yield* Effect.fail("it is not UTF-8"))
  },
  Effect.mapError((error) => (typeof error === "string" ? error : reasonOf(error)))
)
