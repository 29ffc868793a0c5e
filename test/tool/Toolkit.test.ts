import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { prepared, refusal, text } from "./toolkits.ts"

const Charge = Schema.Struct({
  amount: Schema.Int.check(Schema.isBetween({ minimum: 50, maximum: 10_000 })),
  currency: Schema.Literals(["USD", "EUR"]),
  note: Schema.optionalKey(Schema.String),
  at: Schema.optionalKey(Schema.Date)
})

const charge = Tool.make("stripe.charges.create", {
  description: "Creates a charge",
  input: Charge,
  output: Schema.Struct({ id: Schema.String }),
  idempotent: true,
  execute: () => Effect.succeed({ id: "ch_1" })
})

const tool = (name: string) =>
  Tool.make(name, {
    description: name,
    input: Schema.Struct({}),
    output: Schema.Null,
    readOnly: true,
    execute: () => Effect.succeed(null)
  })

const search = Tool.fromJsonSchema("web.search", {
  description: "Searches",
  input: {
    type: "object",
    properties: { query: { type: "string" }, limit: { type: "integer", minimum: 1 }, filter: { type: "object" } },
    required: ["query"],
    additionalProperties: false
  },
  execute: ({ query }) => [query]
})

const place = Tool.fromJsonSchema("map.find", {
  description: "Finds a place",
  input: {
    type: "object",
    properties: {
      point: { type: "object", properties: { x: { type: "number" } }, required: ["x"] },
      zoom: { type: "number" }
    },
    required: ["point"],
    additionalProperties: false
  },
  execute: () => null
})

describe("Toolkit", () => {
  it.effect("T9 lists its tools by path, with JSON Schemas that are plain JSON", () =>
    Effect.gen(function* () {
      const { infos } = yield* Toolkit.make([search, charge, tool("clock.now")])
      assert.deepStrictEqual(
        infos.map(({ path }) => path),
        ["clock.now", "stripe.charges.create", "web.search"]
      )
      assert.deepStrictEqual(JSON.parse(JSON.stringify(infos)), infos)
      assert.deepStrictEqual(infos[1], {
        path: "stripe.charges.create",
        description: "Creates a charge",
        input: {
          type: "object",
          properties: {
            amount: { type: "integer", minimum: 50, maximum: 10_000 },
            currency: { type: "string", enum: ["USD", "EUR"] },
            note: { type: "string" },
            at: { type: "string" }
          },
          required: ["amount", "currency"],
          additionalProperties: false
        },
        output: {
          type: "object",
          properties: { id: { type: "string" } },
          required: ["id"],
          additionalProperties: false
        }
      })
      assert.deepInclude(infos[0], { input: { type: "object", additionalProperties: false } })
    })
  )

  it.effect("T9 shows a number as a number, also where the handler may get one that is not finite", () =>
    Effect.gen(function* () {
      const input = Schema.Struct({ a: Schema.Number, b: Schema.optional(Schema.Number) })
      const execute = () => Effect.succeed([Number.NaN])
      const tool = Tool.make("a.b", { description: "", input, output: Schema.Array(Schema.Number), execute })
      const { infos } = yield* Toolkit.make([tool])
      assert.deepStrictEqual<unknown>(infos[0]?.input, {
        type: "object",
        properties: { a: { type: "number" }, b: { anyOf: [{ type: "number" }, { type: "null" }] } },
        required: ["a"],
        additionalProperties: false
      })
      assert.deepStrictEqual<unknown>(infos[0]?.output, { type: "array", items: { type: "number" } })
    })
  )

  it.effect("T9 refuses tools whose names collide, as they are or as identifiers", () =>
    Effect.gen(function* () {
      const reasonOf = (...names: ReadonlyArray<string>) =>
        Effect.map(refusal(names.map(tool)), ({ reason, tool }) => `${reason} ${tool}`)
      assert.strictEqual(yield* reasonOf("a.b", "a.b"), "NameCollision a.b")
      assert.strictEqual(yield* reasonOf("a.b", "a/b"), "NameCollision a/b")
      assert.strictEqual(yield* reasonOf("a.b", "a.b.c"), "NameCollision a.b.c")
      assert.strictEqual(yield* reasonOf("a.b.c.d", "c", "a.b"), "NameCollision a.b.c.d")
      assert.strictEqual(yield* reasonOf("a.b_c", "a_b.c"), "NameCollision a_b.c")
      assert.strictEqual((yield* Toolkit.make(["a.b", "a.c", "ab", "A.b"].map(tool))).infos.length, 4)
    })
  )

  it.effect("P12 knows one tool by its dotted and its slashed name", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([charge])
      const call = { id: "1.1", arguments: text([{ amount: 50, currency: "USD" }]) }
      const dotted = toolkit.prepare({ ...call, path: "stripe.charges.create" })
      assert.deepStrictEqual(toolkit.prepare({ ...call, path: "stripe/charges/create" }), dotted)
      assert.deepStrictEqual<unknown>(
        dotted,
        Result.succeed({
          method: "stripe/charges/create",
          input: { amount: 50, currency: "USD" },
          inputText: '{"amount":50,"currency":"USD"}',
          readOnly: false,
          idempotent: true
        })
      )
    })
  )

  it.effect("I3 refuses an input that is no object, and schemas that cannot be enforced", () =>
    Effect.gen(function* () {
      const json = (input: object, output?: object) =>
        Tool.fromJsonSchema("a.b", { description: "", input, output, execute: () => null })
      const list = Tool.make("a.b", {
        description: "",
        input: Schema.Array(Schema.String),
        output: Schema.Null,
        execute: () => Effect.succeed(null)
      })
      assert.strictEqual((yield* refusal([list])).reason, "NotAnObject")
      for (const input of [{}, { type: "string" }, { type: ["object", "null"] }, { anyOf: [{ type: "object" }, {}] }]) {
        assert.strictEqual((yield* refusal([json(input)])).reason, "NotAnObject", JSON.stringify(input))
      }
      const unsupported = yield* refusal([json({ type: "object", if: {} })])
      assert.include(
        unsupported.message,
        'tool "a.b" refused (InvalidSchema): input: the keyword "if" is not supported'
      )
      const wrongOutput = yield* refusal([json({ type: "object" }, { type: "text" })])
      assert.include(wrongOutput.message, "output: expected one or some of")
      const union = json({ oneOf: [{ $ref: "#/$defs/A" }, { type: "object" }], $defs: { A: { type: "object" } } })
      assert.lengthOf((yield* Toolkit.make([union])).infos, 1)
    })
  )

  it.effect("I5 refuses a call of what is no tool", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([charge])
      for (const path of [
        "stripe.charges",
        "stripe.charges.create.now",
        "constructor",
        "__proto__",
        "",
        "stripe..charges",
        "stripe/charges.create"
      ]) {
        assert.strictEqual(prepared(toolkit, path), `NoHandler: there is no tool ${JSON.stringify(path)}`)
      }
      assert.isBelow(String(prepared(toolkit, "x".repeat(100_000))).length, 200)
    })
  )
})

describe("Toolkit.prepare", () => {
  it.effect("T1 takes one object as the input, and leaves out what is undefined", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([charge, search, tool("clock.now")])
      assert.deepStrictEqual(
        prepared(toolkit, "stripe.charges.create", { currency: "EUR", amount: 60, note: undefined }),
        {
          currency: "EUR",
          amount: 60
        }
      )
      assert.deepStrictEqual(prepared(toolkit, "web.search", { query: "q", filter: { a: [1, null], b: undefined } }), {
        query: "q",
        filter: { a: [1, null] }
      })
      assert.deepStrictEqual(prepared(toolkit, "clock.now"), {})
      assert.deepStrictEqual(prepared(toolkit, "clock.now", {}), {})
    })
  )

  it.effect("T1 takes arguments by position, in the order of the schema", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([charge, search, tool("clock.now")])
      assert.deepStrictEqual(prepared(toolkit, "stripe.charges.create", 50, "USD"), { amount: 50, currency: "USD" })
      assert.deepStrictEqual(prepared(toolkit, "web.search", "q"), { query: "q" })
      assert.deepStrictEqual(prepared(toolkit, "web.search", "q", undefined, { a: 1 }), {
        query: "q",
        filter: { a: 1 }
      })
      assert.deepStrictEqual(prepared(toolkit, "web.search", "q", undefined, undefined, undefined), { query: "q" })
      assert.strictEqual(
        prepared(toolkit, "web.search", "q", 1, {}, true),
        "InvalidInput: invalid input of web.search: 4 arguments given, where it takes (query, limit, filter)"
      )
      assert.strictEqual(
        prepared(toolkit, "clock.now", 1),
        "InvalidInput: invalid input of clock.now: 1 argument given, where it takes none"
      )
    })
  )

  it.effect("T1 reads one object as the input if it is a valid one, else as the first argument", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([place])
      assert.deepStrictEqual(prepared(toolkit, "map.find", { point: { x: 1 } }), { point: { x: 1 } })
      assert.deepStrictEqual(prepared(toolkit, "map.find", { x: 1 }), { point: { x: 1 } })
      assert.deepStrictEqual(prepared(toolkit, "map.find", { x: 1, point: { x: 2 } }), {
        point: { x: 1, point: { x: 2 } }
      })
      assert.include(
        prepared(toolkit, "map.find", { x: "1" }),
        'InvalidInput: invalid input of map.find: ["x"]: Expected no excess property; ["point"]: Missing key'
      )
    })
  )

  it.effect("C22 enforces the declared schema, names every mistake, and repeats no value", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([charge, search])
      const wrong = prepared(toolkit, "stripe.charges.create", { amount: 49, currency: "hunter2", token: "s3cret" })
      assert.include(wrong, "InvalidInput: invalid input of stripe.charges.create: ")
      assert.include(wrong, '["amount"]: Expected a value between 50 and 10000')
      assert.include(wrong, '["currency"]: Expected "USD" | "EUR"')
      assert.include(wrong, '["token"]: Expected no excess property')
      assert.notMatch(String(wrong), /hunter2|s3cret|49/)
      assert.include(prepared(toolkit, "web.search", { query: 5 }), '["query"]: Expected string')
      assert.include(
        prepared(toolkit, "web.search", { query: "q", other: 1 }),
        '["other"]: Expected no excess property'
      )
      assert.include(prepared(toolkit, "web.search", {}), '["query"]: Missing key')
    })
  )

  it.effect("C22 bounds what it says of a very wrong input", () =>
    Effect.gen(function* () {
      const numbers = Tool.fromJsonSchema("numbers.add", {
        description: "",
        input: { type: "object", properties: { list: { type: "array", items: { type: "number" } } } },
        execute: () => 0
      })
      const toolkit = yield* Toolkit.make([numbers])
      const few = String(prepared(toolkit, "numbers.add", { list: new Array(100).fill("x") }))
      assert.include(few, "and 92 more")
      const many = String(prepared(toolkit, "numbers.add", { list: new Array(100_000).fill("x") }))
      assert.include(many, '["list"][0]: Expected number')
      assert.isBelow(Math.max(few.length, many.length), 1_100)
    })
  )

  it.effect("shows the gate what the handler will get: defaults, and the JSON form of richer values", () =>
    Effect.gen(function* () {
      const refund = Tool.make("bank.refund", {
        description: "",
        input: Schema.Struct({
          amount: Schema.Finite.pipe(Schema.withDecodingDefault(Effect.succeed(10))),
          to: Schema.Trim,
          at: Schema.optionalKey(Schema.Date),
          key: Schema.optionalKey(Schema.Uint8Array),
          serial: Schema.optionalKey(Schema.BigInt)
        }),
        output: Schema.Unknown,
        execute: (input) => Effect.succeed(input.to)
      })
      const toolkit = yield* Toolkit.make([refund])
      const at = new Date(0)
      assert.deepStrictEqual(
        prepared(toolkit, "bank.refund", { to: "  me ", at, key: new Uint8Array([1, 2]), serial: 12n }),
        { amount: 10, to: "me", at: "1970-01-01T00:00:00.000Z", key: "AQI=", serial: "12" }
      )
      const zero = prepared(toolkit, "bank.refund", { to: "me", amount: -0 })
      assert.deepStrictEqual(zero, { amount: 0, to: "me" })
    })
  )

  it.effect("C16 refuses numbers that are not finite, and other values that JSON does not have", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([search])
      const filter = (value: unknown) => prepared(toolkit, "web.search", { query: "q", filter: { value } })
      const message = (what: string) =>
        `InvalidInput: invalid input of web.search: ["filter"]["value"]: ${what} has no JSON form`
      assert.strictEqual(filter(Number.NaN), message("a number that is not finite"))
      assert.strictEqual(filter(Number.POSITIVE_INFINITY), message("a number that is not finite"))
      assert.strictEqual(filter(new Date(Number.NaN)), message("an invalid date"))
      assert.strictEqual(filter(new Error("e")), message("a value of the class Error"))
      assert.strictEqual(filter(new Float32Array(1)), message("a value of the class Float32Array"))
      assert.include(filter([undefined]), '["filter"]["value"][0]: undefined has no JSON form')
      assert.deepStrictEqual(filter(new Map([["a", new Set([1])]])), { query: "q", filter: { value: [["a", [1]]] } })
    })
  )

  it.effect("refuses arguments that no guest of ours would send, without throwing", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([search])
      const reasonOf = (text: string) => {
        const result = toolkit.prepare({ id: "1.1", path: "web.search", arguments: text })
        return Result.isFailure(result) ? result.failure.reason : "accepted"
      }
      const texts = [
        "",
        "{",
        '"q"',
        '{"query":"q"}',
        '[{"$":["Function"]}]',
        `${"[".repeat(1_000)}`,
        "null",
        '[{"$":["Opaque","f"]}]'
      ]
      for (const text of texts) assert.strictEqual(reasonOf(text), "InvalidInput", text.slice(0, 40))
      const smuggled = '[{"query":"q","__proto__":{"limit":0},"filter":{"__proto__":{"admin":true}}}]'
      const result = toolkit.prepare({ id: "1.1", path: "web.search", arguments: smuggled })
      assert.deepStrictEqual(
        Result.map(result, ({ input }) => input),
        Result.succeed({ query: "q", filter: {} })
      )
    })
  )

  it.effect("refuses an input when the schema's own code fails or cannot be done at once", () =>
    Effect.gen(function* () {
      const odd = (name: string, check: (text: string) => boolean) =>
        Tool.make(name, {
          description: "",
          input: Schema.Struct({ text: Schema.String.check(Schema.makeFilter(check)) }),
          output: Schema.Null,
          execute: () => Effect.succeed(null)
        })
      const throwing = odd("odd.throwing", () => {
        throw new Error("password")
      })
      const toolkit = yield* Toolkit.make([throwing, odd("odd.fine", () => true)])
      assert.strictEqual(
        prepared(toolkit, "odd.throwing", { text: "x" }),
        "InvalidInput: invalid input of odd.throwing: the schema could not be applied"
      )
      assert.deepStrictEqual(prepared(toolkit, "odd.fine", { text: "x" }), { text: "x" })
    })
  )
})
