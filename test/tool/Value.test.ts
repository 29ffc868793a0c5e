import { isDeepStrictEqual } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as Value from "../../src/tool/Value.ts"
import { Opaque } from "../../src/tool/value/Opaque.ts"
import { spoil, values } from "./values.ts"

const text = (value: unknown): string => Result.getOrThrow(Value.encode(value))
const value = (text: string): unknown => Result.getOrThrow(Value.decode(text))

const refusal = <A>(result: Result.Result<A, { readonly reason: string; readonly path: string }>) =>
  Result.isFailure(result) ? `${result.failure.reason} ${result.failure.path}`.trim() : "accepted"

const nested = (levels: number): unknown => {
  let value: unknown = "core"
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

const seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

describe("Value", () => {
  it("T3 writes what JSON can say as JSON", () => {
    assert.strictEqual(text(null), "null")
    assert.strictEqual(text([1, "two", false, { three: [null] }]), '[1,"two",false,{"three":[null]}]')
  })

  it("writes what JSON cannot say as a name and what it needs", () => {
    assert.strictEqual(text(undefined), '{"$":["undefined"]}')
    assert.strictEqual(
      text([Number.NaN, -0, Number.NEGATIVE_INFINITY]),
      '[{"$":["Number","NaN"]},{"$":["Number","-0"]},{"$":["Number","-Infinity"]}]'
    )
    assert.strictEqual(text(-12n), '{"$":["BigInt","-12"]}')
    assert.strictEqual(text([new Date(5), new Date(Number.NaN)]), '[{"$":["Date",5]},{"$":["Date",null]}]')
    assert.strictEqual(text(new Map([["a", new Set([1])]])), '{"$":["Map",[["a",{"$":["Set",[1]]}]]]}')
    assert.strictEqual(text({ $: 1, b: 2 }), '{"$":["Object",[["$",1],["b",2]]]}')
    assert.strictEqual(text(new Uint16Array([1, 256])), '{"$":["Uint16Array","AQAAAQ=="]}')
    assert.strictEqual(text(new Uint8Array([0, 1, 2, 3]).subarray(1, 3)), '{"$":["Uint8Array","AQI="]}')
    assert.strictEqual(text(new Uint8Array([7]).buffer), '{"$":["ArrayBuffer","Bw=="]}')
    assert.strictEqual(text(new Opaque("[Function f]")), '{"$":["Opaque","[Function f]"]}')
  })

  it.prop(
    "gives back every value that it has written",
    [values],
    ([original]) => {
      const written = text(original)
      assert.isTrue(isDeepStrictEqual(value(written), original), written)
      assert.strictEqual(text(value(written)), written)
    },
    { arbitrary: { runs: 1_000 } }
  )

  it("takes own enumerable properties, of instances of classes too, and reads each once", () => {
    class Account {
      readonly id = 7
      reads = 0
      get owner() {
        return "nobody"
      }
    }
    let reads = 0
    const counted = Object.defineProperty({}, "once", { enumerable: true, get: () => ++reads })
    Object.defineProperty(counted, "hidden", { value: 1 })
    assert.strictEqual(text(new Account()), '{"id":7,"reads":0}')
    assert.strictEqual(text({ ...{ [Symbol("s")]: 1 }, counted }), '{"counted":{"once":1}}')
    assert.strictEqual(text(Buffer.from([1])), '{"$":["Uint8Array","AQ=="]}')
  })

  it("keeps undefined properties, and makes undefined of holes", () => {
    assert.deepStrictEqual(value(text({ a: undefined })), { a: undefined })
    assert.strictEqual(text(new Array(2)), '[{"$":["undefined"]},{"$":["undefined"]}]')
  })

  it("T8 refuses what cannot cross, and says where", () => {
    const cycle: Array<unknown> = [1]
    cycle.push({ again: cycle })
    assert.strictEqual(refusal(Value.encode({ a: [0, () => 1] })), 'Unsupported ["a"][1]')
    assert.strictEqual(refusal(Value.encode(new Map([["k", Symbol("s")]]))), "Unsupported [0][1]")
    assert.strictEqual(refusal(Value.encode({ later: Promise.resolve(1) })), 'Unsupported ["later"]')
    assert.strictEqual(refusal(Value.encode(cycle)), 'Cycle [1]["again"]')
    assert.strictEqual(refusal(Value.encode(nested(513))), `TooDeep …${"[0]".repeat(8)}`)
    assert.strictEqual(refusal(Value.encode("x".repeat(100), 50)), "TooLarge")
  })

  it("writes a shared part wherever it occurs, and stops where that grows too long", () => {
    const shared = { a: 1 }
    let wide: unknown = "leaf"
    for (let level = 0; level < 100; level++) wide = [wide, wide]
    assert.strictEqual(text([shared, shared]), '[{"a":1},{"a":1}]')
    assert.strictEqual(refusal(Value.encode(wide, 1_000)).split(" ")[0], "TooLarge")
  })

  it("T18 keeps the host's stacks and messages of getters to itself", () => {
    const hostile = {
      get secret(): string {
        throw new Error("password")
      }
    }
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("password")
        }
      }
    )
    assert.strictEqual(text(new TypeError("bad")), '{"$":["Error",{"name":"TypeError","message":"bad"}]}')
    for (const value of [hostile, { proxy }]) {
      const result = Value.encode(value)
      assert.isTrue(Result.isFailure(result))
      assert.notInclude(JSON.stringify(result), "password")
    }
    assert.strictEqual(refusal(Value.encode(hostile)), 'Unreadable ["secret"]')
  })

  it("gives an error of a guest its name, message and guest stack", () => {
    const error = value('{"$":["Error",{"name":"RangeError","message":"m","stack":"at cell:1"}]}')
    assert.instanceOf(error, Error)
    assert.deepInclude(error, { name: "RangeError", message: "m", stack: "at cell:1" })
    const bare = value('{"$":["Error",{"name":"E","message":"m"}]}')
    assert.deepInclude(bare, { stack: "E: m" })
  })

  it.each([
    ["NotJson", "", "{", "{'a':1}", "undefined", "NaN", "[1,]", '{"a":1}x'],
    [
      "Malformed",
      '{"$":1}',
      '{"$":[]}',
      '{"$":["undefined",1]}',
      '{"$":["undefined"],"a":1}',
      '{"$":["Function","f"]}'
    ],
    ["Malformed", '{"$":["constructor","a"]}', '{"$":["__proto__",[]]}', '{"$":[null]}', '{"$":[["Map"],[]]}'],
    ["Malformed", '{"$":["Number","1"]}', '{"$":["Number"]}', '{"$":["BigInt","0x1"]}', '{"$":["BigInt",1]}', "1e999"],
    ["Malformed", '{"$":["Date","now"]}', '{"$":["Date",1.5]}', '{"$":["Date",9e15]}', '{"$":["Map",[[1]]]}'],
    ["Malformed", '{"$":["Map",{}]}', '{"$":["Set",1]}', '{"$":["Object",[[1,2]]]}', '{"$":["Error",{"name":"E"}]}'],
    [
      "Malformed",
      '{"$":["Uint8Array","A"]}',
      '{"$":["Uint8Array","AQI"]}',
      '{"$":["Uint8Array","A Q="]}',
      '{"$":["Opaque",1]}'
    ],
    ["Malformed", '{"$":["Uint16Array","AQ=="]}', '{"$":["SharedArrayBuffer","AQ=="]}', '{"$":["Error",null]}'],
    ["TooLarge", `{"$":["BigInt","${"9".repeat(100_001)}"]}`],
    ["TooDeep", "[".repeat(513) + "]".repeat(513), "[".repeat(100_000) + "]".repeat(100_000)],
    ["TooDeep", '{"$":["Set",['.repeat(600) + "]]}".repeat(600)]
  ])("refuses texts that are %s", (reason, ...texts) => {
    for (const text of texts) assert.strictEqual(refusal(Value.decode(text)).split(" ")[0], reason, text.slice(0, 80))
  })

  it("names the place of what is malformed", () => {
    assert.strictEqual(
      refusal(Value.decode('{"a":[1,{"$":["Map",[[1,{"$":["Date","x"]}]]]}]}')),
      'Malformed ["a"][1][0][1]'
    )
    assert.strictEqual(refusal(Value.decode('{"$":["Object",[["$",{"$":[]}]]]}')), 'Malformed ["$"]')
  })

  it("accepts as many levels as it writes", () => {
    assert.deepStrictEqual(value(text(nested(512))), nested(512))
  })

  it("drops __proto__ in both directions, and reaches no prototype", () => {
    const before = Object.getOwnPropertyNames(Object.prototype).join()
    const texts = ['{"__proto__":{"admin":true},"a":1}', '{"$":["Object",[["__proto__",{"admin":true}],["a",1]]]}']
    for (const text of texts) {
      const decoded = value(text)
      assert.deepStrictEqual(decoded, { a: 1 })
      assert.strictEqual(Object.getPrototypeOf(decoded), Object.prototype)
      assert.isUndefined(Reflect.get(Object.assign({}, decoded), "admin"))
    }
    assert.strictEqual(text(JSON.parse('{"__proto__":{"admin":true},"a":1}')), '{"a":1}')
    assert.deepStrictEqual(value('{"constructor":{"prototype":{"admin":true}},"toString":1}'), {
      constructor: { prototype: { admin: true } },
      toString: 1
    })
    assert.isUndefined(Reflect.get({}, "admin"))
    assert.strictEqual(Object.getOwnPropertyNames(Object.prototype).join(), before)
  })

  it.prop(
    "never throws on a hostile text, and what it accepts it can write",
    [values, seed],
    ([original, seed]) => {
      const decoded = Value.decode(spoil(text(original), seed))
      if (Result.isFailure(decoded)) return assert.instanceOf(decoded.failure, Error)
      const written = text(decoded.success)
      assert.strictEqual(text(value(written)), written)
    },
    { arbitrary: { runs: 2_000 } }
  )

  it.prop("never throws on any text", [Arbitrary.schema(Schema.String)], ([any]) => {
    const decoded = Value.decode(any)
    assert.strictEqual(Result.isSuccess(decoded), isJson(any) && !any.includes("$"))
  })
})

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
