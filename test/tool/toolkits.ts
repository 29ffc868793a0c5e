import { Effect, Result, Schema, type Scope } from "effect"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import type { ToolkitError } from "../../src/tool/ToolkitError.ts"
import * as Value from "../../src/tool/Value.ts"

export const invocation: Tool.Invocation = {
  callId: "1.1",
  idempotencyKey: "s/1.1",
  session: "s",
  run: "r",
  attempt: 1
}

export const limits = { resultBytes: 1_048_576 }

export const text = (value: unknown): string => Result.getOrThrow(Value.encode(value))

/** What a toolkit makes of a call: the gate's input, or the reason and the words of its refusal. */
export const prepared = (toolkit: Toolkit.Toolkit, path: string, ...args: ReadonlyArray<unknown>) => {
  const result = toolkit.prepare({ id: "1.1", path, arguments: text(args) })
  return Result.isSuccess(result) ? result.success.input : `${result.failure.reason}: ${result.failure.message}`
}

/** Calls a tool as a guest whose every call is allowed; what the guest gets, or catches. */
export const call = Effect.fnUntraced(function* (
  toolkit: Toolkit.Toolkit,
  path: string,
  ...args: ReadonlyArray<unknown>
) {
  const { method, inputText } = Result.getOrThrow(toolkit.prepare({ id: "1.1", path, arguments: text(args) }))
  const { outcome, receipt } = yield* toolkit.execute(method, inputText, invocation, limits)
  if (outcome._tag === "Rejected") return { receipt, error: outcome.error }
  return { receipt, value: Result.getOrThrow(Value.decode(outcome.value)) }
})

/** Why no toolkit can be made of these tools. */
export const refusal = <const Tools extends ReadonlyArray<Tool.Tool<unknown>>>(
  tools: Tools
): Effect.Effect<ToolkitError, Toolkit.Toolkit, Exclude<Tool.Requirements<Tools[number]>, Scope.Scope>> =>
  Effect.flip(Toolkit.make(tools))

/** A tool that ends as the effect does. */
export const ending = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Tool.make("a.b", {
    description: "",
    input: Schema.Struct({}),
    output: Schema.Json,
    execute: () => Effect.map(effect, (value) => value as Schema.Json)
  })

/** A tool whose function gives, or throws, what `run` does. */
export const running = (run: () => unknown, output?: object) =>
  Tool.fromJsonSchema("a.b", { description: "", input: { type: "object" }, output, execute: run })

/** Makes a toolkit of one tool and calls it. */
export const result = Effect.fnUntraced(function* <R>(tool: Tool.Tool<R>, ...args: ReadonlyArray<unknown>) {
  const toolkit = yield* Toolkit.make([tool])
  return yield* call(toolkit, tool.name, ...args)
})
