import { assert, describe, it } from "@effect/vitest"
import type { Output } from "../../src/machine/Turn.ts"
import { completed, Guest, give, parked, textOf } from "./guest.ts"

const guest = await Guest.boot()

describe("output of a guest", () => {
  it("O1 O2 keeps its order, with stderr apart", async () => {
    const streamed: Array<Output> = []
    const loud = await Guest.boot({ onOutput: (output) => streamed.push(output) })
    const turn = completed(
      loud.start("console.log(1); console.info(2); console.debug(3); console.warn(4); console.error(5); console.log(6)")
    )
    assert.deepStrictEqual(turn.output, [
      { stream: "stdout", text: "1\n2\n3\n" },
      { stream: "stderr", text: "4\n5\n" },
      { stream: "stdout", text: "6\n" }
    ])
    assert.deepStrictEqual(streamed, turn.output)
  })

  it("O1 is handed on while the guest runs on", async () => {
    const streamed: Array<string> = []
    const seenAtStop: Array<string> = []
    const loud = await Guest.boot({
      onOutput: ({ text }) => streamed.push(text),
      interrupted: () => {
        seenAtStop.push(...streamed)
        return streamed.length > 0
      }
    })
    loud.start("console.log('spinning'); while (true);")
    assert.deepStrictEqual(seenAtStop, ["spinning\n"])
  })

  it("O11 is cut off with a mark, once in a run and also across waits, and never within a character", async () => {
    const quiet = await Guest.boot({ limits: { outputBytes: 20 } })
    parked(
      quiet.start("console.log('123456789'); await ask(); console.log('ééééééé'); console.log('more'); await ask()")
    )
    const copy = await quiet.copy({ limits: { outputBytes: 20 } })
    const { output } = parked(copy.answer(give("1.1", 0)))
    assert.strictEqual(textOf(output), "ééééé\n[output truncated at 20 bytes]\n")
    const again = await copy.copy({ limits: { outputBytes: 20 } })
    assert.deepStrictEqual(completed(again.answer(give("1.2", 0))).output, [])
    assert.strictEqual(again.output("console.log('a new run')"), "a new run\n")
  })

  it("O11 a flood costs no more than it may", async () => {
    const quiet = await Guest.boot({ limits: { outputBytes: 1_000 } })
    const flood = quiet.output("for (let i = 0; i < 20_000; i++) console.log('x'.repeat(1_000)); 0")
    assert.isBelow(Buffer.byteLength(flood), 1_100)
    assert.include(quiet.output("console.log('y'.repeat(10_000_000))"), "[output truncated at 1000 bytes]")
    const pieces = quiet.start("for (let i = 0; i < 100; i++) { console.log(i); console.error(i) } 0").output
    assert.lengthOf(pieces, 200)
  })

  it.each([
    ["'plain', 1, -0, 2n, true, null, undefined, Symbol('s')", "plain 1 -0 2n true null undefined Symbol(s)"],
    ["['it\\'s', 'say \"hi\"', `a\\nb`]", "[ \"it's\", 'say \"hi\"', 'a\\nb' ]"],
    ["{ a: 1, 'b-c': { d: [] }, [Symbol('k')]: {} }", "{ a: 1, 'b-c': { d: [] }, [Symbol(k)]: {} }"],
    ["[, 1, , undefined]", "[ <empty item>, 1, <empty item>, undefined ]"],
    ["new Map([['k', new Set([1])]])", "Map(1) { 'k' => Set(1) { 1 } }"],
    ["new Date(0), /x/g, new Uint8Array(2)", "1970-01-01T00:00:00.000Z /x/g Uint8Array(2) [ 0, 0 ]"],
    ["new Date(NaN), new ArrayBuffer(4)", "Invalid Date ArrayBuffer { byteLength: 4 }"],
    ["() => 1, function f() {}, class A {}", "[Function (anonymous)] [Function: f] [class A]"],
    ["new (class Foo { x = 1 })(), Object.create(null)", "Foo { x: 1 } [Object: null prototype] {}"],
    ["{ get a() { return 1 }, set b(x) {} }", "{ a: [Getter], b: [Setter] }"],
    ["{ a: { b: { c: { d: { e: { f: 1 } } } } } }", "{ a: { b: { c: { d: { e: [Object] } } } } }"],
    ["Object.assign([], { 0: 1 }), [[[[[[1]]]]]]", "[ 1 ] [ [ [ [ [ [Array] ] ] ] ] ]"],
    ["Promise.resolve(1), bank.accounts", "Promise { <state unknown> } [Function: bank.accounts]"],
    [
      "'%s has %d of %i, %j %o %c%% %x', 'a', '1.5', '2.9', { b: 1 }, [3], 'css', 'rest'",
      'a has 1.5 of 2, {"b":1} [ 3 ] % %x rest'
    ],
    ["'100%', 'of it'", "100% of it"]
  ])("shows %s as people read it", (values, text) => {
    assert.strictEqual(guest.output(`console.log(${values})`), `${text}\n`)
  })

  it("shows a ring, a pending call, and long values within bounds", () => {
    assert.strictEqual(
      guest.output("let ring = { a: [] }; ring.a.push(ring); console.log(ring)"),
      "{ a: [ [Circular] ] }\n"
    )
    assert.include(guest.output("console.log(Array.from({ length: 1_000 }, (_, i) => i))"), "... 900 more items")
    assert.include(guest.output("console.log(['x'.repeat(20_000)])"), "... 10000 more characters")
    assert.isBelow(
      guest.output("let w = {}; for (let i = 0; i < 90; i++) w['k' + i] = 'v'.repeat(9_000); console.log(w)").length,
      200_000
    )
    assert.match(
      guest.output("console.log({ a: 'x'.repeat(60), b: 'y'.repeat(20) })"),
      /^\{\n {2}a: 'x+',\n {2}b: 'y+'\n\}\n$/
    )
  })

  it("shows errors with their frames in guest code, causes and fields", () => {
    const text = guest.output(
      "console.error(Object.assign(new TypeError('bad', { cause: new Error('root') }), { code: 5 }))"
    )
    assert.match(
      text,
      /^TypeError: bad\n {4}at <eval> \(run-\d+\.js:1:\d+\) \{\n {2}code: 5,\n {2}\[cause\]: \[Error: root\n/
    )
    assert.notInclude(text, "caisson")
  })

  it("has the other methods that programs use", () => {
    const text = guest.output(`
      console.group('outer'); console.log('in\\nside'); console.groupEnd(); console.log('out')
      console.count(); console.count(); console.countReset(); console.count('x')
      console.assert(true, 'no'); console.assert(false, 'a %s', 'b'); console.assert(false)
      console.time('t'); console.timeLog('t'); console.timeEnd('t')
      console.dir({ a: 'b' }); console.table(7)`)
    assert.strictEqual(
      text,
      "outer\n  in\n  side\nout\ndefault: 1\ndefault: 2\nx: 1\nAssertion failed: a b\nAssertion failed\n" +
        "t: 0ms\nt: 0ms\n{ a: 'b' }\n7\n"
    )
    assert.match(guest.output("console.trace('here')"), /^Trace: here\n {4}at /)
  })

  it("shows tables", () => {
    assert.strictEqual(
      guest.output("console.table([{ a: 1, b: 'x' }, { a: 22 }, 3])"),
      [
        "┌─────────┬────┬─────┬────────┐",
        "│ (index) │ a  │ b   │ Values │",
        "├─────────┼────┼─────┼────────┤",
        "│ 0       │ 1  │ 'x' │        │",
        "│ 1       │ 22 │     │        │",
        "│ 2       │    │     │ 3      │",
        "└─────────┴────┴─────┴────────┘",
        ""
      ].join("\n")
    )
    assert.include(guest.output("console.table(Array.from({ length: 150 }, () => [1]))"), "... 50 more rows")
  })
})
