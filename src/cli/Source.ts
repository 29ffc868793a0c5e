/** Where the code of a run comes from. */
import { extname } from "node:path"
import * as Effect from "effect/Effect"
import type { Language } from "../capability/Language.ts"
import * as InputFile from "./InputFile.ts"
import { UsageError } from "./Problem.ts"

export interface Source {
  readonly text: string
  /** If anything says it; else it is that of the session's template. */
  readonly language: Language | undefined
}

/** More than any session takes. */
const bytesMax = 4 * 1_048_576

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
  const text = file === "-" ? InputFile.fromStandardInput(bytesMax) : InputFile.fromFile(file, bytesMax)
  return Effect.map(text, (text) => ({ text, language }))
}
