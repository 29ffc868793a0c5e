import { assert, describe, it } from "@effect/vitest"
import type { Answer, Turn } from "../../src/machine/Turn.ts"
import { completed, deny, failed, Guest, give, ids, parked, plain, valueOf, wake } from "./guest.ts"

/** Programs of one session, and the answers that are given while they wait. */
type Script = ReadonlyArray<string | ReadonlyArray<Answer>>

const scripts: Readonly<Record<string, Script>> = {
  "values and functions": [
    "let a = 1, text = 'ü🦀', list = [1, [2]], map = new Map([['k', new Set([1])]]); function twice(x) { return 2 * x }",
    "list.push(twice(a)); text += '!'; class Point { constructor(x) { this.x = x } } let p = new Point(3)",
    "[a, text, list, map, p.x, p instanceof Point]"
  ],
  "a pending await": ["let n = 1; n = await ask(n) + n", [give("1.1", 41)], "n"],
  "loops and generators": [
    "function* count() { for (let i = 0; ; i++) yield i } let g = count(); g.next(); g.next().value",
    "[g.next().value, [...Array(3).keys()].map((i) => i ** 2)]",
    "let out = []; for (const x of [1, 2, 3]) out.push(await ask(x)); out",
    [give("3.1", "a")],
    [give("3.2", "b")],
    [give("3.3", "c")]
  ],
  "branches and races": [
    `const f = async (x) => { try { return await ask(x) } catch (e) { return e.reason } finally { console.log('f', x) } }
    const all = Promise.all([f(1), f(2), f(3)])
    const first = await Promise.race([ask('slow'), sleep(50).then(() => 'late')])
    ;[first, await all]`,
    [give("1.2", "two")],
    [deny("1.1", "no"), wake("1.5")],
    [give("1.3", "three")]
  ],
  "timers and microtasks": [
    "let seen = []; const t = setInterval(() => seen.push(seen.length), 10); setTimeout(() => clearInterval(t), 35); await sleep(40); seen",
    [wake("1.1")],
    [wake("1.4"), wake("1.5")],
    [wake("1.2"), wake("1.3")],
    "[seen, Math.random(), Date.now()]"
  ],
  "closures, proxies, symbols, typed arrays and regular expressions": [
    "const s = Symbol('s'); let o = { [s]: 1, get x() { return this.y }, y: 2 }; let make = (n) => () => n++; let next = make(5); next()",
    "let seen = 0; let px = new Proxy(o, { get: (t, k, r) => (seen++, Reflect.get(t, k, r)) }); px.x",
    "const bytes = new Float64Array([1.5, -0]); const re = /(\\d+)/g; re.exec('a1b22'); [next(), seen, bytes, re.lastIndex, re.exec('a1b22')[1]]"
  ],
  "failures between runs": [
    "let kept = 'safe'; null.x",
    "throw { odd: kept }",
    "await new Promise(() => {})",
    "Promise.reject(new Error('unheard')); console.log(kept); await ask()",
    [deny("4.1", "denied")],
    "kept"
  ],
  "much memory": [
    "let rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `row ${id}`, tags: [id % 7] })); rows.length",
    "rows = rows.filter((row) => row.id % 2); await ask(rows.length)",
    [give("2.1", null)],
    "rows.reduce((sum, row) => sum + row.tags[0], 0)"
  ]
}

const step = (guest: Guest, next: Script[number]): Turn =>
  typeof next === "string" ? guest.start(next) : guest.answer(...next)

/** The memory in packed bytes: what follows the header, which tells the CPU time. */
const body = (packed: Uint8Array): Buffer => {
  const bytes = Buffer.from(packed)
  return bytes.subarray(8 + bytes.readUInt32LE(4))
}

describe("snapshots of a guest", () => {
  it.each(Object.entries(scripts))("T12 T13 M3 change nothing, to the last byte of memory: %s", async (_, script) => {
    const straight = await Guest.boot()
    let moved = await Guest.boot()
    for (const next of script) {
      moved = await moved.copy()
      const turns = [step(straight, next), step(moved, next)] as const
      assert.deepStrictEqual(plain(turns[1]), plain(turns[0]))
    }
    assert.isTrue(body(moved.vm.pack().bytes).equals(body(straight.vm.pack().bytes)))
  })

  it("T12 code before a call is not run again, and two copies go their own ways", async () => {
    const guest = await Guest.boot()
    guest.start("let visits = (globalThis.visits ?? 0) + 1; [visits, await ask()]")
    const copies = [await guest.copy(), await guest.copy()]
    for (const [index, copy] of copies.entries()) {
      assert.deepStrictEqual(valueOf(copy.answer(give("1.1", index))), [1, index])
      assert.strictEqual(copy.value("visits"), 1)
    }
    assert.deepStrictEqual(valueOf(guest.answer(give("1.1", "original"))), [1, "original"])
  })

  it("T13 three pending calls are answered in any order, one of them rejected, each time by another copy", async () => {
    const orders = [
      ["1.1", "1.2", "1.3"],
      ["1.3", "1.1", "1.2"],
      ["1.2", "1.3", "1.1"]
    ]
    for (const order of orders) {
      let guest = await Guest.boot()
      let turn = guest.start("await Promise.all([1, 2, 3].map((x) => ask(x).catch((error) => error.message)))")
      for (const id of order) {
        assert.strictEqual(turn._tag, "Parked")
        guest = await guest.copy()
        turn = guest.answer(id === "1.2" ? deny(id, "refused") : give(id, id))
      }
      assert.deepStrictEqual(valueOf(turn), ["1.1", "refused", "1.3"])
    }
  })

  it("O13 keep the random sequence, the clock, the counters and what was printed", async () => {
    const guest = await Guest.boot()
    guest.start("Math.random(); console.log('before'); await ask()", { nowMillis: 2_000_000_000_000 })
    const copy = await guest.copy({ seed: "another" })
    const turns = [guest, copy].map((each) => {
      const { output, value } = completed(each.answer(give("1.1", 0)))
      return { output, value, numbers: each.value("[Math.random(), Date.now()]") }
    })
    assert.deepStrictEqual(turns[0], turns[1])
    assert.deepStrictEqual(turns[1]?.output, [])
    assert.deepStrictEqual(ids(copy.start("ask(); await ask()")), ["3.1", "3.2"])
  })

  it("keep the places of a run that waits, through the compiler", async () => {
    const guest = await Guest.boot()
    const source =
      "const rate: number = 2\nenum Kind { A }\nconst x = await ask(Kind.A as number); return x.missing.field"
    parked(guest.start(source, { language: "typescript" }))
    const copy = await guest.copy()
    const [first, second] = [guest, copy].map((each) => failed(each.answer(give("1.1", {}))).error)
    assert.deepStrictEqual(first, second)
    assert.deepStrictEqual([first?.line, first?.name], [3, "TypeError"])
  })

  it("keep what nobody handled until the end of the run", async () => {
    const guest = await Guest.boot()
    guest.start("Promise.reject(new Error('lost')); await ask()")
    const copy = await guest.copy()
    assert.deepStrictEqual(completed(copy.answer(give("1.1", 0))).output, [
      { stream: "stderr", text: "unhandled rejection: Error: lost\n" }
    ])
  })

  it("keep which tools there are, without repeating them", async () => {
    const guest = await Guest.boot()
    guest.start("1")
    const copy = await guest.copy()
    assert.deepStrictEqual(copy.value("[listTools(), typeof bank]"), [
      ["ask", "bank.accounts.list", "bank.transfer"],
      "function"
    ])
    const before = copy.vm.pack().bytes.length
    copy.start("1")
    assert.isAtMost(Math.abs(copy.vm.pack().bytes.length - before), 512)
  })

  it("are small", async () => {
    const fresh = await Guest.boot()
    assert.isBelow(fresh.vm.pack().bytes.length, 1_024)
    const few = await Guest.boot()
    few.start("let a = 1, b = 'text', c = [1, 2], d = { x: 1 }, e = new Map([[1, 2]]); function f(x) { return x + 1 }")
    assert.isBelow(few.vm.pack().bytes.length, 8_192)
    const waiting = await Guest.boot()
    waiting.start("const a = 1; await Promise.race([ask(a), sleep(10)])")
    assert.isBelow(waiting.vm.pack().bytes.length, 8_192)
  })

  it("of the same state are the same bytes", async () => {
    const pack = async () => {
      const guest = await Guest.boot()
      guest.start("let kept = [1, 2, 3]; kept")
      return Buffer.from(guest.vm.pack().bytes)
    }
    const [first, second] = [await pack(), await pack()]
    assert.isTrue(first.equals(second))
  })

  it("of guests with other limits are restored if the memory fits", async () => {
    const guest = await Guest.boot({ limits: { memoryMebibytes: 64 } })
    guest.start("let big = new Uint8Array(30_000_000); big.length")
    await guest.copy({ limits: { memoryMebibytes: 32 } })
    const smaller = await guest.copy({ limits: { memoryMebibytes: 8 } }).catch((error) => error)
    assert.strictEqual(smaller.reason, "TooLarge")
  })
})
