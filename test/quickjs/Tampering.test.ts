import { assert, describe, it } from "@effect/vitest"
import { completed, Guest, give, ids, parked, valueOf } from "./guest.ts"

/** Changes whatever a boot script or an engine might look up. */
const vandalism = `
  const evil = () => { throw new Error('vandalised') }
  for (const [object, keys] of [
    [Promise.prototype, ['then', 'catch', 'finally']],
    [Promise, ['resolve', 'reject', 'all', 'race']],
    [JSON, ['stringify', 'parse']],
    [Map.prototype, ['get', 'set', 'has', 'delete', 'forEach', 'clear', Symbol.iterator]],
    [Set.prototype, ['add', 'has', 'delete', 'forEach', 'clear', Symbol.iterator]],
    [Array.prototype, ['push', 'map', 'join', 'slice', 'toString']],
    [Array, ['isArray', 'from']],
    [Object, ['keys', 'hasOwn', 'defineProperty', 'getPrototypeOf', 'assign', 'freeze']],
    [Reflect, ['apply', 'ownKeys', 'defineProperty', 'getPrototypeOf']],
    [Function.prototype, ['call', 'apply', 'bind', 'toString']],
    [String.prototype, ['slice', 'indexOf', 'includes', 'toString', 'charCodeAt', 'split']],
    [Number.prototype, ['toString']],
    [Error, ['isError', 'captureStackTrace']],
    [Math, ['trunc', 'min', 'max', 'imul']],
    [Date, ['now']],
    [Date.prototype, ['getTime', 'toISOString']]
  ]) for (const key of keys) object[key] = evil
  const bent = (value) => ({ __proto__: null, get() { return value }, set() {}, configurable: true })
  for (const key of ['toJSON', 'get', 'set', 'id', 'reason', 'isError', 'path', 'length', '0', '1', '$'])
    defineProperty(Object.prototype, key, bent(undefined))
  Promise.prototype.constructor = class Evil { constructor() { throw 1 } static get [Symbol.species]() { throw 2 } }
  Array.prototype[Symbol.iterator] = evil
`

describe("a guest that changes its own world", () => {
  it("T1 B14 asks for what it asks for, and gets what it is given, all the same", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(`
      const { defineProperty } = Object
      ${vandalism}
      const answer = await bank.transfer({ to: 'eve', deep: [1, { a: 'b' }] }, new Date(5))
      await sleep(3)
      return [answer.ok, answer.list[1]]`)
    assert.deepStrictEqual(parked(turn).calls, [
      { id: "1.1", path: "bank.transfer", arguments: '[{"to":"eve","deep":[1,{"a":"b"}]},{"$":["Date",5]}]' }
    ])
    assert.lengthOf(parked(guest.answer(give("1.1", { ok: true, list: [1, "two"] }))).sleeps, 1)
    assert.deepStrictEqual(valueOf(guest.answer({ id: "1.2" })), [true, "two"])
  })

  it("sees no secret that is passed to it by a setter on a prototype", async () => {
    const guest = await Guest.boot()
    guest.start(`
      let stolen = []
      for (const key of ['secret', 'value', 'message', 'name', 'reason', 'stack', 'resolve', 'reject', 'error'])
        Object.defineProperty(Object.prototype, key, { __proto__: null, set(v) { stolen.push(key) }, configurable: true })
      for (const key of ['0', '1', '2'])
        Object.defineProperty(Array.prototype, key, { __proto__: null, set(v) { stolen.push(key) }, configurable: true })
      await ask().catch(() => {})
      await ask()
      for (const key of ['secret', 'value', 'message', 'name', 'reason', 'stack', 'resolve', 'reject', 'error'])
        delete Object.prototype[key]`)
    guest.answer({ id: "1.1", outcome: { _tag: "Rejected", error: { name: "E", message: "m", reason: "R" } } })
    completed(guest.answer(give("1.2", { secret: ["a", "b"] })))
    assert.deepStrictEqual(guest.value("stolen"), [])
  })

  it("sees nothing of what is shown, passed or reported by a setter of an index", async () => {
    const guest = await Guest.boot()
    guest.start(`
      let stolen = 0
      const steal = { __proto__: null, set() { stolen++ }, configurable: true }
      for (const key of ['0', '1', '2']) Object.defineProperty(Array.prototype, key, steal)
      for (const key of ['0', '1', 'name', 'message', 'stack', 'reason']) Object.defineProperty(Object.prototype, key, steal)`)
    const values = "{ a: [1, 'x', { b: [] }], m: new Map([[1, [2]]]), s: new Set([[3]]) }"
    assert.include(guest.output(`console.log(${values}, '%s'); console.error([1, 2])`), "m: Map(1) { 1 => [ 2 ] }")
    assert.strictEqual(parked(guest.start(`ask(${values})`)).calls.length, 1)
    assert.strictEqual(guest.error("throw new TypeError('m')").name, "TypeError")
    assert.strictEqual(guest.error("throw { a: [1] }").message, "{ a: [ 1 ] }")
    assert.deepStrictEqual(guest.value("[[stolen], listTools().length, getToolInfo('ask').id]"), [[0], 3, "ask"])
  })

  it("cannot change tools that are shared by name, nor how they are called", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(`
      tools.bank = 1; bank.transfer = () => 'fake'; delete bank.accounts
      const refused = ['defineProperty', 'setPrototypeOf', 'preventExtensions', 'deleteProperty', 'set']
        .map((method) => Reflect[method](bank, method === 'setPrototypeOf' ? null : 'x', { value: 1 }))
      const plain = ['call', 'then', 'constructor', 'toString', 'name'].map((key) => typeof bank.transfer[key])
      return [refused, plain, await bank.transfer(2), await bank.accounts.list()]`)
    assert.deepStrictEqual(
      parked(turn).calls.map(({ path }) => path),
      ["bank.transfer"]
    )
    guest.answer(give("1.1", "real"))
    assert.deepStrictEqual(valueOf(guest.answer(give("1.2", []))), [
      [false, false, false, false, false],
      ["undefined", "undefined", "undefined", "undefined", "undefined"],
      "real",
      []
    ])
  })

  it("cannot forge an answer with a promise of its own", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(`
      const call = ask()
      const Shadow = call.constructor[Symbol.species]
      const forged = new Shadow((resolve) => resolve('forged'))
      const bent = Object.defineProperty(ask(), 'then', { value: (resolve) => resolve('bent') })
      return [await forged, await bent, await call, Object.isFrozen(Shadow), Object.isFrozen(Shadow.prototype)]`)
    assert.deepStrictEqual(ids(turn), ["1.1", "1.2"])
    const last = guest.answer(give("1.1", "real"), give("1.2", "unseen"))
    assert.deepStrictEqual(valueOf(last), ["forged", "bent", "real", true, true])
  })

  it("keeps a key __proto__ to itself", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(`ask(JSON.parse('{"__proto__":{"isAdmin":true},"a":1}'), { ['__proto__']: 1 })`)
    assert.strictEqual(parked(turn).calls[0]?.arguments, '[{"a":1},{}]')
    guest.answer({ id: "1.1", outcome: { _tag: "Succeeded", value: '{"__proto__":{"isAdmin":true},"b":2}' } })
    guest.start("let given = await ask()")
    guest.answer({ id: "2.1", outcome: { _tag: "Succeeded", value: '{"__proto__":{"isAdmin":true},"b":2}' } })
    assert.deepStrictEqual(guest.value("[given.isAdmin === undefined, Object.keys(given)]"), [true, ["b"]])
  })

  it("is stopped in a getter that never ends, wherever it is read", async () => {
    for (const source of [
      "ask({ get a() { for (;;); } })",
      "({ get a() { for (;;); } })",
      "throw { get name() { for (;;); } }"
    ]) {
      const guest = await Guest.boot({ limits: { cpuSliceMillis: 20 } })
      const turn = guest.start(source)
      if (turn._tag !== "Failed") assert.fail(`${source} did not end`)
      assert.isTrue(turn.fatal || turn.error.name === "Thrown", source)
    }
  })

  it("may call tools while its values are read, and does not disturb them", async () => {
    const guest = await Guest.boot()
    const turn = guest.start("await ask({ get a() { ask('inner', { b: 1 }); return 1 }, c: [2] })")
    assert.deepStrictEqual(
      parked(turn).calls.map((call) => [call.id, call.arguments]),
      [
        ["1.1", '["inner",{"b":1}]'],
        ["1.2", '[{"a":1,"c":[2]}]']
      ]
    )
    guest.answer(give("1.1", 0))
    const { value } = completed(guest.answer(give("1.2", 0)))
    assert.strictEqual(value, "0")
    assert.strictEqual(
      guest.error("({ get late() { return ask() } })").message,
      "no run is under way: nothing can be asked for"
    )
  })
})
