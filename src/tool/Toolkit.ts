/**
 * The tools that a host offers. A toolkit says what there is, makes a checked input of a guest's call, and runs handlers. It
 * decides nothing: whether a call may go ahead is the gate's to say, between `prepare` and `execute`.
 *
 * K1. The gate sees exactly what the handler will get: `prepare` writes the input down, `execute` reads that.
 * K2. Nothing of a guest is trusted twice: `execute` checks an input that comes from a journal as if it came from the guest.
 * K3. Nothing of a host reaches a guest but values of the output schema, and names and messages of errors.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { Denial } from "../capability/Denial.ts"
import type * as Pattern from "../capability/Pattern.ts"
import * as Arguments from "./Arguments.ts"
import * as Catalogue from "./Catalogue.ts"
import * as Execution from "./Execution.ts"
import * as Plain from "./schema/Plain.ts"
import * as Shape from "./schema/Shape.ts"
import type { Invocation, Requirements, Tool } from "./Tool.ts"
import type { ToolCall } from "./ToolCall.ts"
import type { ToolInfo } from "./ToolInfo.ts"
import type { ToolkitError } from "./ToolkitError.ts"
import * as Value from "./Value.ts"

/** A call that its tool can take. Whether it may be made is another question. */
export interface Prepared {
  readonly method: Pattern.Method
  /** The checked input for the gate to look at: JSON, with defaults filled in. */
  readonly input: unknown
  /** The same as a `Value` text. */
  readonly inputText: string
  readonly readOnly: boolean
  readonly idempotent: boolean
}

/** What a host says of one of its tools. */
export interface Facts {
  readonly path: string
  readonly method: Pattern.Method
  readonly readOnly: boolean
  readonly idempotent: boolean
}

export interface Toolkit {
  /** What guests may know of the tools, by path. */
  readonly infos: ReadonlyArray<ToolInfo>
  /** The tool of a name, be it dotted or a method. */
  readonly find: (name: string) => Facts | undefined
  /**
   * Pure. Refuses with `NoHandler` what is no tool, with `InvalidInput` arguments that the tool cannot take; the message names
   * properties and what was expected of them, never a value.
   */
  readonly prepare: (call: ToolCall) => Result.Result<Prepared, Denial>
  /**
   * Pure. Checks what a host gives in place of a handler's result, a `Value` text on the guest's side of the output schema, and
   * gives it with defaults filled in. Fails with words that name places and expectations, also for what is no tool.
   */
  readonly checkOutput: (method: string, valueText: string) => Result.Result<string, string>
  /**
   * Runs the handler of a method with an input that `prepare` gave. Never fails; interrupting it interrupts the handler.
   *
   * `resultBytes` bounds the result as a `Value` text in UTF-8.
   */
  readonly execute: (
    method: string,
    inputText: string,
    invocation: Invocation,
    limits: { readonly resultBytes: number }
  ) => Effect.Effect<Execution.Execution>
}

const infoOf = ({ name, tool, input, output }: Catalogue.CatalogueEntry): ToolInfo => ({
  path: name.path,
  description: tool.description,
  input: input.document,
  output: output.document
})

const pathLengthShown = 128

const namesOf = ({ name }: Catalogue.CatalogueEntry): ReadonlyArray<string> => [name.path, name.method]

const factsOf = ({ name, tool }: Catalogue.CatalogueEntry): Facts => ({
  path: name.path,
  method: name.method,
  readOnly: tool.readOnly,
  idempotent: tool.idempotent
})

const prepare = (entry: Catalogue.CatalogueEntry | undefined, call: ToolCall): Result.Result<Prepared, Denial> =>
  Result.gen(function* () {
    if (entry === undefined) {
      const path = JSON.stringify(call.path.slice(0, pathLengthShown).toWellFormed())
      return yield* Result.fail(new Denial({ reason: "NoHandler", message: `there is no tool ${path}` }))
    }
    const invalid = (why: string) =>
      new Denial({ reason: "InvalidInput", message: `invalid input of ${entry.name.path}: ${why}` })
    const args = yield* Result.mapError(Value.decode(call.arguments), ({ message }) => invalid(message))
    const input = yield* Result.mapError(Arguments.toInput(entry.input, args), invalid)
    const inputText = yield* Result.mapError(Value.encode(input), ({ message }) => invalid(message))
    const { readOnly, idempotent } = entry.tool
    return { method: entry.name.method, input, inputText, readOnly, idempotent }
  })

const checkOutput = (entry: Catalogue.CatalogueEntry | undefined, valueText: string): Result.Result<string, string> =>
  Result.gen(function* () {
    if (entry === undefined) return yield* Result.fail("there is no such tool")
    const { output } = entry
    const value = yield* Result.mapError(Value.decode(valueText), ({ message }) => message)
    if (output === Shape.anything) return valueText
    const settled = yield* Result.flatMap(Plain.from(value), output.settle)
    return yield* Result.mapError(Value.encode(settled), ({ message }) => message)
  })

/** A handler belongs to the span and the scope of its call, not to those in which its toolkit was made. */
const ofCalls = Context.omit(Tracer.ParentSpan, Scope.Scope)

/**
 * Makes a toolkit of tools, in any order. Handlers get the services that are there when the toolkit is made.
 *
 * Fails with a `ToolkitError` for a tool whose name or schemas are not sound, and for tools whose names collide.
 */
export const make = Effect.fnUntraced(function* <const Tools extends ReadonlyArray<Tool<unknown>>>(
  tools: Tools
): Effect.fn.Return<Toolkit, ToolkitError, Exclude<Requirements<Tools[number]>, Scope.Scope>> {
  const catalogue = yield* Effect.fromResult(Catalogue.make(tools))
  // The catalogue does not know any more which services its tools need: they are these.
  const services = ofCalls(
    yield* Effect.context<Exclude<Requirements<Tools[number]>, Scope.Scope>>()
  ) as Context.Context<unknown>
  const byName = new Map(
    [...catalogue.values()].flatMap((entry) => namesOf(entry).map((name) => [name, entry] as const))
  )
  const facts = new Map([...byName].map(([name, entry]) => [name, factsOf(entry)]))
  const toolkit: Toolkit = {
    infos: [...catalogue.values()].map(infoOf),
    find: (name) => facts.get(name),
    prepare: (call) => prepare(byName.get(call.path), call),
    checkOutput: (method, valueText) => checkOutput(catalogue.get(method), valueText),
    execute: (method, inputText, invocation, { resultBytes }) => {
      const entry = catalogue.get(method)
      if (entry === undefined) return Effect.succeed(Execution.noHandler(method))
      return Execution.run(entry, inputText, invocation, resultBytes).pipe(Effect.provideContext(services))
    }
  }
  return toolkit
})
