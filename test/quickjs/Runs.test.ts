import { assert, describe, it } from "@effect/vitest"
import {
  completed,
  deny,
  epoch,
  failed,
  Guest,
  give,
  ids,
  parked,
  plain,
  textOf,
  turnOf,
  valueOf,
  wake
} from "./guest.ts"

describe("runs of a guest", () => {
  it("O5 give the value of their last expression, awaited, beside what they print", async () => {
    const guest = await Guest.boot()
    const turn = completed(guest.start("console.log('seen'); 40 + 2"))
    assert.deepStrictEqual([turn.value, textOf(turn.output)], ["42", "seen\n"])
    assert.strictEqual(guest.value("Promise.resolve(Promise.resolve(7))"), 7)
    assert.strictEqual(guest.value("({ then: (resolve) => resolve('thenable') })"), "thenable")
    assert.strictEqual(completed(guest.start("undefined")).value, '{"$":["undefined"]}')
  })

  it("what a run declares is there in the next one", async () => {
    const guest = await Guest.boot()
    guest.start("let a = 1; function twice(x) { return 2 * x }")
    guest.start("a += 1")
    assert.strictEqual(guest.value("twice(a)"), 4)
  })

  it("the value is read when nothing is pending any more", async () => {
    const guest = await Guest.boot()
    guest.start("let found = []; [1, 2].forEach(async (x) => found.push(await ask(x))); found")
    assert.deepStrictEqual(valueOf(guest.answer(give("1.1", "a"), give("1.2", "b"))), ["a", "b"])
  })

  it.each([
    ["throw new TypeError('bad thing')", "TypeError", "bad thing"],
    ["missing + 1", "ReferenceError", "missing is not defined"],
    ["(void 0)()", "TypeError", "not a function"],
    ["class Odd extends Error { name = 'Odd' }; throw new Odd('own')", "Odd", "own"],
    ["throw 'a text'", "Thrown", "a text"],
    ["throw { code: 1 }", "Thrown", "{ code: 1 }"],
    ["throw null", "Thrown", "null"],
    ["throw undefined", "Thrown", "undefined"],
    ["await Promise.reject(new RangeError('later'))", "RangeError", "later"],
    ["throw Object.defineProperty(new Error('m'), 'name', { get() { throw 1 } })", "Error", "m"],
    ["throw new Proxy({}, { ownKeys() { throw 1 } })", "Thrown", "a value that cannot be shown"],
    ["({ get x() { throw new Error('getter') } })", "Error", "getter"]
  ])("O3 %s fails the run, and the guest goes on", async (source, name, message) => {
    const guest = await Guest.boot()
    const error = guest.error(source)
    assert.deepStrictEqual([error.name, error.message], [name, message])
    assert.strictEqual(guest.value("1 + 1"), 2)
  })

  it("O3 a caught error does not fail the run", async () => {
    const guest = await Guest.boot()
    assert.strictEqual(guest.value("let m; try { null.x } catch (error) { m = error.name }; m"), "TypeError")
  })

  it("O3 an error has the place in the source, and frames of guest code only", async () => {
    const guest = await Guest.boot()
    guest.start("function thrower() {\n  throw new Error('deep')\n}")
    const { column, line, stack = "" } = guest.error("let ok = 1\n;[1].forEach(() => {\n  thrower()\n})")
    assert.deepStrictEqual([line, column], [3, 3])
    assert.match(stack, /^ {4}at thrower \(run-1\.js:2:\d+\)\n {4}at <anonymous> \(run-2\.js:3:3\)\n/)
    assert.notMatch(stack, /caisson|native/)
  })

  it("O3 an error that crosses a wait has the place of the call", async () => {
    const guest = await Guest.boot()
    guest.start("const f = async () => {\n  await ask()\n}\nawait f()")
    const turn = guest.answer({ id: "1.1", outcome: { _tag: "Rejected", error: { name: "E", message: "no" } } })
    assert.deepStrictEqual([failed(turn).error.line, failed(turn).error.column], [2, 9])
  })

  it("O3 an error that only the engine finds has its place", async () => {
    const guest = await Guest.boot()
    const { column, line, name } = guest.error("1\n{ let y; let y }")
    assert.deepStrictEqual([name, line], ["SyntaxError", 2])
    assert.isAbove(column ?? 0, 1)
  })

  it("O3 a reason is what the host gave, and no guest can make one up", async () => {
    const guest = await Guest.boot()
    guest.start("let refusal; try { await ask() } catch (error) { refusal = error; throw error }")
    assert.strictEqual(failed(guest.answer(deny("1.1", "no", "NoCapability"))).error.reason, "NoCapability")
    assert.strictEqual(guest.error("refusal.reason = 'CpuLimit'; throw refusal").reason, "NoCapability")
    assert.isUndefined(guest.error("throw Object.assign(new Error('m'), { reason: 'CpuLimit' })").reason)
    assert.isUndefined(guest.error("throw { reason: 'CpuLimit' }").reason)
  })

  it("a run that still waits is given up when the next one starts", async () => {
    const guest = await Guest.boot()
    guest.start("let after = false; await ask(); after = true")
    const turn = guest.start("await ask(); after")
    assert.deepStrictEqual([parked(turn).cancelled, ids(turn)], [["1.1"], ["2.1"]])
    parked(guest.answer(give("1.1", 0)))
    assert.strictEqual(valueOf(guest.answer(give("2.1", 0))), false)
  })

  it("O9 a run that waits for nothing that can happen fails", async () => {
    const guest = await Guest.boot()
    const error = guest.error("await new Promise(() => {})")
    assert.deepStrictEqual([error.name, error.reason], ["Error", "Stalled"])
    assert.strictEqual(guest.value("1"), 1)
  })

  it("a rejection that nobody handles is reported at the end of the run", async () => {
    const guest = await Guest.boot()
    const turn = completed(
      guest.start(`
        Promise.reject(new TypeError('lost'))
        const late = Promise.reject(new Error('handled later'))
        await null
        late.catch(() => {})
        'value'`)
    )
    assert.deepStrictEqual(turn.output, [{ stream: "stderr", text: "unhandled rejection: TypeError: lost\n" }])
    assert.deepStrictEqual(completed(guest.start("1")).output, [])
  })

  it("a source that is too long is refused", async () => {
    const guest = await Guest.boot({ limits: { sourceBytes: 10 } })
    assert.strictEqual(guest.value("12 + 34567"), 34_579)
    assert.deepStrictEqual(
      [guest.error("12 + 345678").reason, guest.error("'ééé' + 1").reason],
      ["TooLarge", "TooLarge"]
    )
  })

  it("a result that is too long fails the run, measured in bytes", async () => {
    const guest = await Guest.boot({ limits: { resultBytes: 12 } })
    assert.strictEqual(guest.value("'x'.repeat(10)"), "x".repeat(10))
    for (const source of ["'x'.repeat(11)", "'é'.repeat(6)", "Array.from({ length: 9 }, () => 1)"]) {
      const error = guest.error(source)
      assert.deepStrictEqual([error.name, error.reason], ["RangeError", "TooLarge"], source)
    }
  })
})

describe("time of a guest", () => {
  it("O13 the clock stands still until the next answer, never goes back, and is in UTC", async () => {
    const guest = await Guest.boot()
    const times = "[Date.now(), new Date().toISOString(), new Date().getTimezoneOffset(), performance.now()]"
    assert.deepStrictEqual(guest.value(`for (let i = 0; i < 1e5; i++); ${times}`), [
      epoch,
      "2023-11-14T22:13:20.000Z",
      0,
      epoch
    ])
    guest.start("await sleep(5); Date.now()")
    assert.strictEqual(valueOf(turnOf(guest.vm.answer([wake("2.1")], epoch + 86_400_000))), epoch + 86_400_000)
    assert.strictEqual(guest.value("Date.now()"), epoch + 86_400_000)
  })

  it("O13 a clock that is no time does no harm", async () => {
    const guest = await Guest.boot()
    for (const nowMillis of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      assert.isNumber(valueOf(guest.start("Date.now()", { nowMillis })))
    }
  })

  it("sleeps and timers share the counter of calls", async () => {
    const guest = await Guest.boot()
    const turn = parked(
      guest.start("ask(); sleep(10); setTimeout(() => {}, 20.7); setInterval(() => {}, -5); await ask()")
    )
    assert.deepStrictEqual(
      turn.calls.map(({ id }) => id),
      ["1.1", "1.5"]
    )
    assert.deepStrictEqual(turn.sleeps, [
      { id: "1.2", dueMillis: epoch + 10 },
      { id: "1.3", dueMillis: epoch + 20 },
      { id: "1.4", dueMillis: epoch }
    ])
  })

  it("timers fire with their arguments, intervals again and again, until they are cleared", async () => {
    const guest = await Guest.boot()
    const first = guest.start(`
      const seen = []
      setTimeout((...args) => seen.push(args), 1, 'a', 'b')
      const never = setTimeout(() => seen.push('never'), 2)
      const interval = setInterval(() => {
        if (seen.push('tick') === 4) clearInterval(interval)
      }, 3)
      await sleep(4)
      clearTimeout(never)
      clearTimeout(never)
      clearTimeout(undefined)
      return seen`)
    assert.strictEqual(parked(first).sleeps.length, 4)
    assert.deepStrictEqual(parked(guest.answer(wake("1.4"), wake("1.1"))).cancelled, ["1.2"])
    for (const id of ["1.3", "1.5"]) assert.lengthOf(parked(guest.answer(wake(id))).sleeps, 1)
    assert.deepStrictEqual(valueOf(guest.answer(wake("1.6"))), [["a", "b"], "tick", "tick", "tick"])
  })

  it("what a timer or a microtask throws fails the run, even if it has a value already", async () => {
    const guest = await Guest.boot()
    guest.start("setTimeout(() => { throw new Error('in a timer') }, 1); 'value'")
    assert.strictEqual(failed(guest.answer(wake("1.1"))).error.message, "in a timer")
    assert.strictEqual(guest.error("queueMicrotask(() => { throw new Error('in a task') }); 1").message, "in a task")
    for (const schedule of ["setTimeout(1)", "setInterval()", "queueMicrotask('x')"]) {
      assert.strictEqual(guest.error(schedule).name, "TypeError")
    }
  })

  it("O13 the seed decides the random numbers", async () => {
    const numbers = async (seed: string) => (await Guest.boot({ seed })).value("[Math.random(), Math.random()]")
    assert.deepStrictEqual(await numbers("one"), await numbers("one"))
    assert.notDeepEqual(await numbers("one"), await numbers("two"))
    const guest = await Guest.boot()
    const many = guest.value("Array.from({ length: 4_000 }, Math.random)") as ReadonlyArray<number>
    assert.isTrue(many.every((number) => number >= 0 && number < 1))
    assert.closeTo(many.reduce((sum, number) => sum + number, 0) / many.length, 0.5, 0.05)
    assert.lengthOf(new Set(many), many.length)
  })

  it("O13 M3 the same seed, programs, answers and clock give the same turns", async () => {
    const turns = async () => {
      const guest = await Guest.boot()
      return [
        guest.start("console.log(Math.random(), new Date()); await Promise.all([ask(Math.random()), sleep(3)])"),
        guest.answer(wake("1.2"), give("1.1", { b: 1, a: 2 })),
        guest.start("for (const key in { z: 1, 1: 2, a: 3 }) console.error(key); throw new Error('end')")
      ].map(plain)
    }
    assert.deepStrictEqual(await turns(), await turns())
  })
})
