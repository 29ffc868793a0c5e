/** Where the code of a run comes from. */
import { readFileSync, statSync } from "node:fs"
import { extname } from "node:path"
import * as Effect from "effect/Effect"
import type { Language } from "../machine/Machine.ts"
import { UsageError } from "./Problem.ts"

export interface Source {
  readonly text: string
  /** If anything says it; else it is that of the session's template. */
  readonly language: Language | undefined
}

/** More than any session takes. */
const bytesMax = 4 * 1_048_576

const tooLarge = (name: string) =>
  new UsageError({ reason: "NotReadable", message: `${name} has more than ${bytesMax} bytes` })

const readFile = (file: string): string => {
  if (statSync(file).size > bytesMax) throw tooLarge(file)
  return readFileSync(file, "utf8")
}

const readStandardInput = async (): Promise<string> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge("standard input")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

const notReadable = (name: string) => (cause: unknown) => {
  if (cause instanceof UsageError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new UsageError({ reason: "NotReadable", message: `${name} cannot be read: ${why}` })
}

const endings = new Map<string, Language>([
  [".sh", "shell"],
  [".bash", "shell"],
  [".js", "javascript"],
  [".mjs", "javascript"],
  [".cjs", "javascript"],
  [".ts", "typescript"],
  [".mts", "typescript"],
  [".py", "python"],
  [".cpp", "cpp"],
  [".cc", "cpp"],
  [".go", "go"]
])

interface Given {
  readonly file: string | undefined
  readonly code: string | undefined
  readonly language: Language | undefined
}

/**
 * Reads code from a file, from standard input (`-`), or takes it as it was given. Its language is the one that is stated, else the
 * one that the file's ending says.
 */
export const read = ({ code, file, language: stated }: Given): Effect.Effect<Source, UsageError> => {
  if (file !== undefined && code !== undefined) {
    return Effect.fail(new UsageError({ reason: "Contradiction", message: "give a FILE or -e CODE, not both" }))
  }
  if (code !== undefined) return Effect.succeed({ text: code, language: stated })
  if (file === undefined) {
    return Effect.fail(
      new UsageError({
        reason: "NoSource",
        message: "what is to be run? Give a FILE, - for standard input, or -e CODE"
      })
    )
  }
  const language = stated ?? endings.get(extname(file))
  const text =
    file === "-"
      ? Effect.tryPromise({ try: readStandardInput, catch: notReadable("standard input") })
      : Effect.try({ try: () => readFile(file), catch: notReadable(file) })
  return Effect.map(text, (text) => ({ text, language }))
}
