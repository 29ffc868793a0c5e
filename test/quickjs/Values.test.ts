import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Value from "../../src/tool/Value.ts"
import { values } from "../tool/values.ts"
import { completed, Guest, parked } from "./guest.ts"

const guest = await Guest.boot()

/** The text of a value after it went into the guest and came out of it again, as a result and as an argument. */
const echoed = (text: string): ReadonlyArray<string> => {
  const asked = parked(guest.start("const given = await ask(); await ask(given); return given")).calls[0]?.id ?? ""
  const passed = parked(guest.answer({ id: asked, outcome: { _tag: "Succeeded", value: text } })).calls[0]
  const last = guest.answer({ id: passed?.id ?? "", outcome: { _tag: "Succeeded", value: "null" } })
  return [completed(last).value, passed?.arguments.slice(1, -1) ?? ""]
}

/** The text of the value of a program, which the host can read. */
const written = (source: string): string => {
  const { value } = completed(guest.start(source))
  assert.isTrue(Result.isSuccess(Value.decode(value)), value)
  return value
}

describe("values at the edge of a guest", () => {
  it.prop(
    "T3 pass through it unchanged, whatever they are",
    [values],
    ([value]) => {
      const text = Result.getOrThrow(Value.encode(value))
      if (text.includes('{"$":["Opaque"')) return
      assert.deepStrictEqual(echoed(text), [text, text])
    },
    { arbitrary: { runs: 500 } }
  )

  it("a description stays a text", () => {
    assert.strictEqual(echoed('{"$":["Opaque","[Function f]"]}')[0], '"[Function f]"')
  })

  it.each([
    ["[1, 'two', null, true, undefined, 3n, -0, NaN, -Infinity]", undefined],
    ["[, 1]", '[{"$":["undefined"]},1]'],
    ["({ a: 1, [Symbol('s')]: 2, ...Object.create({ inherited: 3 }) })", '{"a":1}'],
    ["Object.assign(Object.create(null), { plain: true })", '{"plain":true}'],
    ["new (class Point { x = 1; #y = 2; get z() { return 3 } })()", '{"x":1}'],
    ["({ $: 1, b: 2 })", '{"$":["Object",[["$",1],["b",2]]]}'],
    ['JSON.parse(\'{"__proto__": 1, "a": 2}\')', '{"a":2}'],
    ["({ toJSON() { return 'no' } }).toJSON && { toJSON: 1, a: new Date(5) }", '{"toJSON":1,"a":{"$":["Date",5]}}'],
    ["new Date(NaN)", '{"$":["Date",null]}'],
    ["new Map([[{ k: 1 }, new Set([[]])]])", '{"$":["Map",[[{"k":1},{"$":["Set",[[]]]}]]]}'],
    ["class Fault extends TypeError {}; new Fault('m')", '{"$":["Error",{"name":"TypeError","message":"m"}]}'],
    ["new Uint8Array([0, 1, 2, 3]).subarray(1, 3)", '{"$":["Uint8Array","AQI="]}'],
    ["new Uint16Array([1, 256])", '{"$":["Uint16Array","AQAAAQ=="]}'],
    ["new DataView(new Uint8Array([7, 8, 9]).buffer, 1)", '{"$":["DataView","CAk="]}'],
    ["new Uint8Array([7]).buffer", '{"$":["ArrayBuffer","Bw=="]}'],
    ["Object.setPrototypeOf(new Date(5), Map.prototype)", "{}"],
    ["[Object(1), /x/, new WeakMap()]", "[{},{},{}]"]
  ])("are written as %s should be", (source, text) => {
    const value = written(source)
    if (text !== undefined) assert.strictEqual(value, text)
  })

  it.each([
    ["() => 1", "[Function (anonymous)]"],
    ["function named() {}; named", "[Function named]"],
    ["Symbol('s')", "Symbol(s)"],
    ["[Promise.resolve(1)][0], [new Promise(() => {})]", "[Promise]"],
    ["let ring = []; ring.push(ring); ring", "[Circular]"],
    ["let deep = 'core'; for (let i = 0; i < 600; i++) deep = [deep]; deep", "[Array]"],
    ["bank.accounts", "[Function bank.accounts]"]
  ])("describe in a result what has no text: %s", (source, description) => {
    assert.include(written(source), `{"$":["Opaque","${description}"]}`)
  })

  it("are read once, property by property, getters and proxies included", () => {
    assert.strictEqual(written("let n = 0; ({ get a() { return ++n }, b: 1 })"), '{"a":1,"b":1}')
    assert.strictEqual(
      written("new Proxy({ a: 1 }, { get: (target, key) => `${String(key)} of ${typeof target}` })"),
      '{"a":"a of object"}'
    )
    assert.strictEqual(
      written("new Proxy([1, 2], { get: (target, key) => (key === 'length' ? 2 : key) })"),
      '["0","1"]'
    )
  })

  it("are given up as soon as they are too long, shared parts and holes included", async () => {
    const small = await Guest.boot({ limits: { argumentBytes: 1_000, resultBytes: 1_000 } })
    for (const made of [
      "Array.from({ length: 60 }).reduce((bomb) => [bomb, bomb], 1)",
      "new Array(4_294_967_295)",
      "Array.from({ length: 400 }, () => ({}))",
      "new Uint8Array(1_000_000)",
      "new Map(Array.from({ length: 300 }, (_, i) => [i, i]))",
      "'x'.repeat(1_000)"
    ]) {
      assert.strictEqual(small.error(made).reason, "TooLarge", made)
      assert.strictEqual(small.error(`ask(${made})`).reason, "TooLarge", made)
    }
  })

  it("structuredClone copies what can be passed", () => {
    assert.strictEqual(
      written(
        "let m = new Map([['d', new Date(5)]]); let c = structuredClone(m); [c !== m, c.get('d') instanceof Date]"
      ),
      "[true,true]"
    )
    assert.strictEqual(guest.error("structuredClone(() => 1)").name, "TypeError")
  })
})
