import * as Argument from "effect/cli/Argument"
import * as Effect from "effect/Effect"
import { UsageError } from "./Problem.ts"

/** A token, or `-` for one on standard input, where it does not stand in the list of processes. */
export const token = Argument.String("TOKEN").pipe(
  Argument.withDescription("The token, or - to read it from standard input")
)

/** More than any token has. */
const bytesMax = 131_072

const notReadable = (why: string) =>
  new UsageError({ reason: "NotReadable", message: `standard input cannot be read: ${why}` })

const readStandardInput = async (): Promise<string> => {
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of process.stdin) {
    bytes += chunk.length
    if (bytes > bytesMax) throw notReadable(`it has more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

/** The text of a token that was given, without what stands around it. */
export const read = (given: string): Effect.Effect<string, UsageError> => {
  if (given !== "-") return Effect.succeed(given.trim())
  return Effect.tryPromise({
    try: async () => (await readStandardInput()).trim(),
    catch: (cause) =>
      cause instanceof UsageError ? cause : notReadable(cause instanceof Error ? cause.message : String(cause))
  })
}
