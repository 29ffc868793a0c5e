import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger, Schema } from "effect"
import * as Tool from "../../src/tool/Tool.ts"
import type { Outcome } from "../../src/tool/ToolCall.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { call, ending, invocation, limits, result, running } from "./toolkits.ts"

const Text = Schema.Struct({ text: Schema.String })

const errorOf = (outcome: Outcome) => (outcome._tag === "Rejected" ? outcome.error : undefined)

const nested = (levels: number): unknown => (levels === 0 ? "core" : { next: nested(levels - 1) })

/** Keeps what is logged, and off the console. */
const logged = Effect.gen(function* () {
  const lines: Array<string> = []
  const logger = Logger.make(({ message, cause }) => lines.push(`${String(message)} ${Cause.pretty(cause)}`))
  return { lines, layer: Logger.layer([logger]) }
})

describe("Toolkit.execute", () => {
  it.effect("T1 T2 gives the handler what the guest passed, and the guest what the handler gave", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([
        Tool.fromJsonSchema("math.add", {
          description: "",
          input: { type: "object", properties: { a: { type: "number" }, b: { type: "number" } }, required: ["a", "b"] },
          output: { type: "number" },
          execute: ({ a, b }: { readonly a: number; readonly b: number }) => a + b
        }),
        Tool.make("math.multiply", {
          description: "",
          input: Schema.Struct({ a: Schema.Finite, by: Schema.Finite }),
          output: Schema.Finite,
          execute: ({ a, by }) => Effect.succeed(a * by)
        })
      ])
      const sum = yield* call(toolkit, "math.add", { a: 3, b: 4 })
      assert.deepStrictEqual(sum, { receipt: "committed", value: 7 })
      const product = yield* call(toolkit, "math.multiply", 7, 5)
      assert.deepStrictEqual(product, { receipt: "committed", value: 35 })
    })
  )

  it.effect("T3 T6 passes results of every JSON kind, long ones and nested ones", () =>
    Effect.gen(function* () {
      const long = "𝒳é\u2028\ud800".repeat(13_000)
      const values = ["", "text", 0, -1.5, null, true, [], [1, [2, [3]]], {}, { a: { b: [null] } }, long, nested(10)]
      for (const value of values) {
        assert.deepStrictEqual(yield* result(ending(Effect.succeed(value))), { receipt: "committed", value })
        assert.deepStrictEqual(yield* result(running(() => value)), { receipt: "committed", value })
      }
    })
  )

  it.effect("T3 passes the JSON form of what a schema declares, and richer values where none does", () =>
    Effect.gen(function* () {
      const moment = new Date(5)
      const declared = Tool.make("a.b", {
        description: "",
        input: Schema.Struct({}),
        output: Schema.Struct({ at: Schema.Date, tags: Schema.ReadonlyMap(Schema.String, Schema.BigInt) }),
        execute: () => Effect.succeed({ at: moment, tags: new Map([["a", 1n]]), secret: "not declared" })
      })
      const json = { at: "1970-01-01T00:00:00.005Z", tags: [["a", "1"]] }
      assert.deepStrictEqual(yield* result(declared), { receipt: "committed", value: json })
      const free = { at: moment, tags: new Map([["a", 1n]]), bytes: new Uint8Array([1]), nothing: undefined }
      assert.deepStrictEqual(yield* result(running(() => free)), { receipt: "committed", value: free })
      const schema = { type: "object", properties: { at: { type: "string" } }, additionalProperties: false }
      const fitting = yield* result(running(() => ({ at: moment, secret: 1, nothing: undefined }), schema))
      assert.deepStrictEqual(fitting, { receipt: "committed", value: { at: json.at } })
    })
  )

  it.effect("T5 takes handlers that answer at once and handlers that answer later", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* result(running(() => 1)), { receipt: "committed", value: 1 })
      assert.deepStrictEqual(yield* result(running(() => Promise.resolve(2))), { receipt: "committed", value: 2 })
      const later = Effect.as(Effect.yieldNow, 3)
      assert.deepStrictEqual(yield* result(ending(later)), { receipt: "committed", value: 3 })
    })
  )

  it.effect("gives a handler its invocation, and the checked input with its own types", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const input = Schema.Struct({
        at: Schema.Date,
        retries: Schema.Int.pipe(Schema.withDecodingDefault(Effect.succeed(2)))
      })
      const tool = Tool.make("a.b", {
        description: "",
        input,
        output: Schema.Null,
        execute: (input, given) => Effect.sync(() => seen.push(input, given)).pipe(Effect.as(null))
      })
      yield* result(tool, { at: new Date(7) })
      assert.deepStrictEqual(seen, [{ at: new Date(7), retries: 2 }, invocation])
      yield* result(
        Tool.fromJsonSchema("a.b", {
          description: "",
          input: { type: "object" },
          execute: (input, { signal, ...given }) => seen.push(input, given, signal instanceof AbortSignal)
        }),
        { a: 1 }
      )
      assert.deepStrictEqual(seen.slice(2), [{ a: 1 }, invocation, true])
    })
  )

  it.effect("C22 checks an input from a journal as if it came from the guest", () =>
    Effect.gen(function* () {
      let entered = 0
      const toolkit = yield* Toolkit.make([
        Tool.make("a.b", {
          description: "",
          input: Text,
          output: Schema.Null,
          execute: () =>
            Effect.as(
              Effect.sync(() => entered++),
              null
            )
        })
      ])
      for (const input of ["{", "null", "[]", '{"text":1}', '{"text":"x","more":1}', '{"$":["Opaque","f"]}']) {
        const { outcome, receipt } = yield* toolkit.execute("a/b", input, invocation, limits)
        assert.strictEqual(receipt, "failed")
        assert.deepInclude(errorOf(outcome), { name: "ToolError", reason: "InvalidInput" })
      }
      assert.strictEqual(entered, 0)
    })
  )

  it.effect("I2 fails a call that has no handler when it is made, not before", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([])
      const { outcome, receipt } = yield* toolkit.execute("gone/tool", "{}", invocation, limits)
      assert.strictEqual(receipt, "failed")
      assert.deepStrictEqual(errorOf(outcome), {
        name: "ToolError",
        message: 'there is no tool "gone/tool"',
        reason: "NoHandler"
      })
    })
  )

  it.effect("T7 refuses a result over the cap, in bytes and to the byte, although its effect is had", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([
        Tool.make("a.b", {
          description: "",
          input: Text,
          output: Schema.String,
          execute: ({ text }) => Effect.succeed(text)
        })
      ])
      const execute = (text: string, resultBytes: number) =>
        toolkit.execute("a/b", JSON.stringify({ text }), invocation, { resultBytes })
      assert.strictEqual((yield* execute("é".repeat(49), 100)).outcome._tag, "Succeeded")
      const over = yield* execute(`${"é".repeat(49)}x`, 100)
      assert.strictEqual(over.receipt, "committed")
      assert.deepStrictEqual(errorOf(over.outcome), {
        name: "ToolError",
        message: "the result of a.b is larger than 100 bytes",
        reason: "ResultTooLarge"
      })
      const far = yield* execute("x".repeat(1_000_000), 100)
      assert.strictEqual(errorOf(far.outcome)?.reason, "ResultTooLarge")
    })
  )

  it.effect("T8 refuses a result that cannot cross or is not as declared, although its effect is had", () =>
    Effect.gen(function* () {
      const cycle: Record<string, unknown> = {}
      cycle["self"] = cycle
      const hostile = {
        get secret() {
          throw new Error("password")
        }
      }
      const results = [() => 1, Symbol("s"), cycle, { deep: [new Promise(() => undefined)] }, hostile]
      for (const value of results) {
        for (const tool of [running(() => value), running(() => value, {}), ending(Effect.succeed(value))]) {
          const { receipt, error } = yield* result(tool)
          assert.strictEqual(receipt, "committed")
          assert.deepInclude(error, { name: "ToolError", reason: "InvalidOutput" })
          assert.notInclude(JSON.stringify(error), "password")
        }
      }
      const wrong = yield* result(
        running(() => ({ amount: "s3cret" }), { type: "object", properties: { amount: { type: "number" } } })
      )
      assert.deepStrictEqual(wrong, {
        receipt: "committed",
        error: {
          name: "ToolError",
          message: 'the result of a.b is not what it declares: ["amount"]: Expected number',
          reason: "InvalidOutput"
        }
      })
    })
  )

  it.effect("T18 tells the guest the name and the message of what a handler fails with, and nothing else", () =>
    Effect.gen(function* () {
      class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", { card: Schema.String }) {
        override get message() {
          return "the card was declined"
        }
      }
      const cause = new RangeError("no such page", { cause: new Error("at /secret/path") })
      const failures: ReadonlyArray<readonly [unknown, string, string]> = [
        [new CardDeclined({ card: "4242" }), "CardDeclined", "the card was declined"],
        [Object.assign(cause, { code: 7 }), "RangeError", "no such page"],
        [{ _tag: "NotFound", message: "no such user", password: "4242" }, "NotFound", "no such user"],
        [{ _tag: "NotFound", id: "4242" }, "NotFound", "the tool failed"],
        ["out of paper", "ToolError", "out of paper"],
        [{ password: "4242" }, "ToolError", "the tool failed"],
        [4242, "ToolError", "the tool failed"],
        [null, "ToolError", "the tool failed"],
        [
          new Proxy(
            {},
            {
              get: () => {
                throw new Error("4242")
              }
            }
          ),
          "ToolError",
          "the tool failed"
        ]
      ]
      for (const [thrown, name, message] of failures) {
        const expected = { receipt: "failed" as const, error: { name, message } }
        assert.deepStrictEqual(yield* result(ending(Effect.fail(thrown))), expected)
        assert.deepStrictEqual(yield* result(running(() => Promise.reject(thrown))), expected)
        assert.deepStrictEqual(
          yield* result(
            running(() => {
              throw thrown
            })
          ),
          expected
        )
      }
    })
  )

  it.effect("T18 bounds names and messages, and leaves no half of a character", () =>
    Effect.gen(function* () {
      const error = new Error(`${"x".repeat(1_998)}𝒳𝒳`)
      error.name = "N".repeat(1_000)
      const { error: seen } = yield* result(ending(Effect.fail(error)))
      assert.strictEqual(seen?.name.length, 100)
      assert.strictEqual(seen?.message.length, 2_000)
      assert.isTrue(seen?.message.isWellFormed())
    })
  )

  it.effect("T18 keeps defects on the host, and logs them there", () =>
    Effect.gen(function* () {
      const { lines, layer } = yield* logged
      const dying = [
        ending(Effect.die(new Error("password"))),
        ending(
          Effect.sync(() => {
            throw new Error("password")
          })
        ),
        Tool.make("a.b", {
          description: "",
          input: Schema.Struct({}),
          output: Schema.Null,
          execute: (): Effect.Effect<null> => {
            throw new Error("password")
          }
        })
      ]
      for (const tool of dying) {
        const seen = yield* Effect.provide(result(tool), layer)
        assert.deepStrictEqual(seen, {
          receipt: "failed",
          error: { name: "ToolError", message: "a.b failed unexpectedly", reason: "Defect" }
        })
      }
      assert.lengthOf(lines, 3)
      for (const line of lines) assert.match(line, /tool a\.b failed unexpectedly[\s\S]*password/)
    })
  )
})
