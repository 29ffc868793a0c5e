import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { CatalogueEntry } from "./Catalogue.ts"
import type { GuestError } from "./GuestError.ts"
import * as Thrown from "./Thrown.ts"
import type { Invocation } from "./Tool.ts"
import type { Outcome } from "./ToolCall.ts"
import * as Value from "./Value.ts"

/**
 * How a handler's run ended. `committed`: it ended well, even if what it gave cannot be passed on. `failed`: it ended with
 * an error, or was never started; what it did before the error is not known.
 */
export interface Execution {
  readonly outcome: Outcome
  readonly receipt: "committed" | "failed"
}

type Reason = "NoHandler" | "InvalidInput" | "InvalidOutput" | "ResultTooLarge" | "Defect" | "Interrupted"

const error = (reason: Reason, message: string): GuestError => ({ name: "ToolError", message, reason })

const rejected = (receipt: Execution["receipt"], error: GuestError): Execution => ({
  outcome: { _tag: "Rejected", error },
  receipt
})

export const noHandler = (method: string): Execution =>
  rejected("failed", error("NoHandler", `there is no tool ${JSON.stringify(method)}`))

/** What the guest is told of a handler that did not end well: a defect is the host's business, and logged there. */
const failure = Effect.fnUntraced(function* (path: string, cause: Cause.Cause<unknown>) {
  const failed = Cause.findError(cause)
  if (Result.isSuccess(failed)) return rejected("failed", Thrown.toGuestError(failed.success))
  if (Cause.hasInterruptsOnly(cause)) {
    return rejected("failed", error("Interrupted", `${path} was interrupted by its own handler`))
  }
  yield* Effect.logError(`tool ${path} failed unexpectedly`, cause)
  return rejected("failed", error("Defect", `${path} failed unexpectedly`))
})

const success = ({ name, output }: CatalogueEntry, value: unknown, resultBytes: number): Execution => {
  const encoded = output.encode(value)
  if (Result.isFailure(encoded)) {
    return rejected(
      "committed",
      error("InvalidOutput", `the result of ${name.path} is not what it declares: ${encoded.failure}`)
    )
  }
  const text = Value.encode(encoded.success, resultBytes)
  const isTooLarge = Result.isFailure(text)
    ? text.failure.reason === "TooLarge"
    : Buffer.byteLength(text.success) > resultBytes
  if (isTooLarge) {
    const message = `the result of ${name.path} is larger than ${resultBytes} bytes`
    return rejected("committed", error("ResultTooLarge", message))
  }
  if (Result.isSuccess(text)) return { outcome: { _tag: "Succeeded", value: text.success }, receipt: "committed" }
  const message = `the result of ${name.path} cannot be passed to a guest: ${text.failure.message}`
  return rejected("committed", error("InvalidOutput", message))
}

/** Runs one handler with an input from a journal. */
export const run = Effect.fnUntraced(function* (
  entry: CatalogueEntry,
  inputText: string,
  invocation: Invocation,
  resultBytes: number
) {
  const { path } = entry.name
  const input = Value.decode(inputText).pipe(
    Result.mapError(({ message }) => message),
    Result.flatMap(entry.input.decode)
  )
  if (Result.isFailure(input)) {
    return rejected("failed", error("InvalidInput", `invalid input of ${path}: ${input.failure}`))
  }
  const handler = Effect.suspend(() => entry.tool.execute(input.success, invocation))
  const exit = yield* Effect.exit(Effect.scoped(handler))
  return Exit.isSuccess(exit) ? success(entry, exit.value, resultBytes) : yield* failure(path, exit.cause)
})
