import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { SchemaRefused } from "./schema/JsonSchemaReader.ts"
import * as Shape from "./schema/Shape.ts"

/** Which call of which run a handler serves. */
export interface Invocation {
  readonly callId: string
  /** The same for every attempt at one call, and for no other call of any session. */
  readonly idempotencyKey: string
  readonly session: string
  readonly run: string
  /** From 1. Greater only for tools that are read-only or idempotent. */
  readonly attempt: number
  /** The W3C `traceparent` header of the call's span, to be passed on. Absent where nobody traces. */
  readonly traceparent?: string | undefined
}

/** What is true of a tool besides what it does; both are false by default. */
interface Promises {
  /** It has no effect on the outside: it may be called again at will, whether or not its first answer was recorded. */
  readonly readOnly?: boolean | undefined
  /** Called again under the same idempotency key, it has its effect once. */
  readonly idempotent?: boolean | undefined
}

/**
 * A host function that guests may ask for. `R` are the services that its handler needs.
 *
 * It is a description: its name and schemas are checked when a toolkit is made of it.
 */
export interface Tool<out R = never> {
  readonly name: string
  readonly description: string
  readonly readOnly: boolean
  readonly idempotent: boolean
  readonly input: Result.Result<Shape.Shape, SchemaRefused>
  readonly output: Result.Result<Shape.Shape, SchemaRefused>
  /** Takes what `input` decoded, gives what `output` encodes. */
  readonly execute: (input: unknown, invocation: Invocation) => Effect.Effect<unknown, unknown, R>
}

/** The services that one or several tools need. */
export type Requirements<T> = T extends Tool<infer R> ? R : never

/**
 * A tool whose handler is an Effect and whose schemas are Effect schemas.
 *
 * The guest passes and gets the JSON form of both schemas (a `Schema.Date` is an ISO text there), the handler their types.
 * Properties that the input does not declare are refused; those that the output does not declare are left out. Prefer
 * `Schema.Finite` and `Schema.Int`: of a `Schema.Number`, guests are not shown the checks and the description.
 *
 * The handler is cancelled by interruption. What it fails with reaches the guest as a name and a message; a defect does not.
 * A scope that it needs ends with the call.
 *
 * ```ts
 * Tool.make("clock.now", {
 *   description: "The time as an ISO text",
 *   input: Schema.Struct({}),
 *   output: Schema.DateTimeUtcFromString,
 *   readOnly: true,
 *   execute: () => DateTime.now
 * })
 * ```
 */
export const make = <Input extends object, InputJson, Output, OutputJson, E, R>(
  name: string,
  options: Promises & {
    readonly description: string
    /** A struct, a class, or a union of these. */
    readonly input: Schema.Codec<Input, InputJson>
    readonly output: Schema.Codec<Output, OutputJson>
    readonly execute: (input: Input, invocation: Invocation) => Effect.Effect<NoInfer<Output>, E, R>
  }
): Tool<R> => ({
  name,
  description: options.description,
  readOnly: options.readOnly ?? false,
  idempotent: options.idempotent ?? false,
  input: Shape.fromSchema(options.input),
  output: Shape.fromSchema(options.output),
  // The toolkit passes only what `input` has decoded.
  execute: (input, invocation) => options.execute(input as Input, invocation)
})

/**
 * A tool whose handler is a plain or an async function and whose schemas are JSON Schemas; see `JsonSchema.enforce` for what
 * they may say.
 *
 * `Input` is what the function takes the checked input to be: it is not compared with the schema. Without an output schema
 * whatever the function gives reaches the guest, maps, dates and bytes included; with one, its JSON form must fit.
 *
 * The `signal` is aborted when the call is cancelled. What the function throws reaches the guest as a name and a message.
 */
export const fromJsonSchema = <Input extends object = Readonly<Record<string, unknown>>>(
  name: string,
  options: Promises & {
    readonly description: string
    /** A schema of type `object`. */
    readonly input: object
    readonly output?: object | undefined
    readonly execute: (input: Input, invocation: Invocation & { readonly signal: AbortSignal }) => unknown
  }
): Tool => ({
  name,
  description: options.description,
  readOnly: options.readOnly ?? false,
  idempotent: options.idempotent ?? false,
  input: Shape.fromJsonSchema(options.input),
  output: options.output === undefined ? Result.succeed(Shape.anything) : Shape.fromJsonSchema(options.output),
  execute: (input, invocation) =>
    Effect.tryPromise({
      try: async (signal) => await options.execute(input as Input, { ...invocation, signal }),
      catch: (thrown) => thrown
    })
})
