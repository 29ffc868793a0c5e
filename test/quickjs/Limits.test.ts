import { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import { ownMillis } from "../../src/quickjs/ThreadTime.ts"
import { failed, fatalReason, Guest, give, parked, valueOf } from "./guest.ts"

/** The turn of a guest with a slice, and the processor time that this thread has spent on it. */
const spent = async (limitMillis: number, source: string) => {
  const guest = await Guest.boot({ limits: { cpuSliceMillis: limitMillis, memoryMebibytes: 16 } })
  const before = ownMillis()
  const turn = guest.start(source)
  return { guest, turn, millis: ownMillis() - before }
}

describe("limits of a guest", () => {
  it.each([
    "while (true);",
    "for (;;) try { throw 1 } catch {} finally { continue }",
    "function* f() { while (true) yield }; for (const x of f());",
    "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "new Float64Array(1e6).sort(); while (true) Math.sqrt(2)"
  ])("O6 %s is stopped soon after its slice, and the machine is lost", async (source) => {
    const { guest, millis, turn } = await spent(50, source)
    assert.strictEqual(fatalReason(turn), "CpuLimit")
    assert.isBelow(millis, 400)
    assert.isTrue(guest.vm.poisoned)
    assert.strictEqual(fatalReason(guest.start("1")), "Poisoned")
    assert.strictEqual(fatalReason(guest.answer()), "Poisoned")
    assert.throws(() => guest.vm.pack(), /not written down/)
  })

  it.each([
    "const loop = async () => { while (true) await 0 }; await loop()",
    "const chain = () => Promise.resolve().then(chain); await chain()",
    "await 0; while (true);",
    "queueMicrotask(function again() { queueMicrotask(again) }); await new Promise(() => {})",
    "(async () => { while (true) await null })(); 'a value'"
  ])("O9 jobs without end are stopped: %s", async (source) => {
    const { millis, turn } = await spent(50, source)
    assert.strictEqual(fatalReason(turn), "CpuLimit")
    assert.isBelow(millis, 400)
  })

  it("O6 the CPU time of a run is the sum of its slices, also across a snapshot", async () => {
    const limits = { cpuSliceMillis: 1_000, cpuRunMillis: 60 }
    const burn = "const until = (n) => { for (let i = 0; i < n; i++) Math.sqrt(i) }"
    let guest = await Guest.boot({ limits })
    let turn = guest.start(`${burn}; for (let i = 0; i < 10_000; i++) { until(60_000); await ask() }`)
    for (let index = 1; turn._tag === "Parked"; index++) {
      guest = await guest.copy({ limits })
      turn = guest.answer(give(`1.${index}`, 0))
    }
    assert.strictEqual(fatalReason(turn), "CpuLimit")
    assert.include(failed(turn).error.message, "60 ms in one run")
  })

  it("M4 the host can stop a guest that runs", async () => {
    let polls = 0
    const guest = await Guest.boot({ interrupted: () => ++polls > 3 })
    const { error, fatal } = failed(guest.start("for (;;);"))
    assert.deepStrictEqual([fatal, error.reason], [true, "Interrupted"])
  })

  it.each([
    ["let all = []; for (;;) all.push(new Array(1_000).fill(0))", "out of memory"],
    ["let text = 'x'; for (;;) text += text", "string too long"],
    ["new ArrayBuffer(1 << 30)", "out of memory"],
    ["new Uint8Array(4e9)", "invalid"]
  ])("O8 %s is an error that the guest survives, within its memory", async (source, message) => {
    const { guest, turn } = await spent(10_000, source)
    const { error, fatal, usage } = failed(turn)
    assert.isFalse(fatal)
    assert.include(error.message, message)
    assert.isAtMost(usage.memoryBytes, 32 * 1_048_576)
    assert.strictEqual(guest.value("all = text = null; 1 + 1"), 2)
  })

  it("O8 a memory bomb can be caught, again and again, and the guest still be written down", async () => {
    const guest = await Guest.boot({ limits: { memoryMebibytes: 8 } })
    const bomb = "let n = 0; for (let i = 0; i < 5; i++) try { let a = []; for (;;) a.push([]) } catch { n++ } n"
    assert.strictEqual(guest.value(bomb), 5)
    const copy = await guest.copy({ limits: { memoryMebibytes: 8 } })
    assert.strictEqual(copy.value("n + 1"), 6)
  })

  it("O8 a guest whose heap is full to the last byte cannot go on", async () => {
    const guest = await Guest.boot({ limits: { memoryMebibytes: 8 } })
    const fill =
      "let all = []; for (const size of [1e4, 100, 1]) try { for (;;) all.push(new Array(size).fill(0)) } catch {}"
    const full = guest.start(`${fill}; for (;;) all.push({})`)
    const next = full._tag === "Failed" && full.fatal ? full : guest.start("'x'.repeat(50_000)")
    assert.include(["MemoryLimit", undefined], failed(next).error.reason)
    assert.isTrue(failed(next).fatal || /memory/.test(failed(next).error.message))
  })

  it("a host that fails costs the guest, and nothing of the host's is seen", async () => {
    const guest = await Guest.boot({
      onOutput: () => {
        throw new Error("the host's own")
      }
    })
    const { error, fatal } = failed(guest.start("console.log(1); console.error(2); while (true);"))
    assert.deepStrictEqual([fatal, error.reason, error.stack], [true, "Poisoned", undefined])
    assert.notInclude(error.message, "own")
  })

  it("O4 a guest that was disposed of says nothing but that", async () => {
    const guest = await Guest.boot()
    guest.vm.dispose()
    assert.strictEqual(fatalReason(guest.start("1")), "Poisoned")
    assert.throws(() => guest.vm.pack(), /not written down/)
  })

  it("O12 guests of one thread know nothing of each other", async () => {
    const guests = await Promise.all(Array.from({ length: 20 }, (_, index) => Guest.boot({ seed: `${index}` })))
    for (const [index, guest] of guests.entries())
      parked(guest.start(`globalThis.canary = 'canary ${index}'; ask(canary)`))
    for (const [index, guest] of guests.entries()) {
      guest.answer(give("1.1", index))
      const found = guest.value("Object.keys(globalThis).map((key) => globalThis[key])")
      assert.deepStrictEqual(found, [`canary ${index}`])
    }
  })

  it("O12 the next guest of a thread has nothing of the one before", async () => {
    const packed = async () => Buffer.from((await Guest.boot({ seed: "next" })).vm.pack().bytes)
    const first = await packed()
    for (const source of [
      "globalThis.canary = 'canary of the one before'; ask(canary)",
      "let texts = []; for (let i = 0; i < 500; i++) texts.push(`canary of the one before ${i}`); texts.length",
      "const deep = (text) => { deep(text + 'canary') }; try { deep('') } catch (error) { error.name }",
      "Array.prototype.map = () => 'canary'; Promise.resolve().then(() => sleep(1e6)); 0"
    ]) {
      const guest = await Guest.boot({ seed: "before" })
      assert.notStrictEqual(guest.start(source)._tag, "Failed")
      guest.vm.dispose()
      assert.isTrue((await packed()).equals(first), source)
    }
  })

  it("O10 recursion and nesting that are too deep are errors which the guest survives", async () => {
    const guest = await Guest.boot()
    for (const source of [
      "(function f() { f() })()",
      "let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; JSON.stringify(deep)",
      "JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))",
      "eval('('.repeat(1e5) + '1' + ')'.repeat(1e5))",
      "/* a regular expression */ new RegExp('('.repeat(1e4) + ')'.repeat(1e4)).test('')",
      "let self = {}; self = new Proxy(self, { get: (_, key) => self[key] }); self.x"
    ]) {
      guest.error(source)
      assert.strictEqual(guest.value("1 + 1"), 2)
    }
    assert.strictEqual(guest.value("let n = 0; const f = () => { n++; f() }; try { f() } catch {} n > 50"), true)
  })

  it("O10 the same holds on a worker's stack with the limits by default, calls and console included", async () => {
    const worker = new Worker(new URL("./deep.ts", import.meta.url), { resourceLimits: { stackSizeMb: 4 } })
    const [results] = await new Promise<ReadonlyArray<ReadonlyArray<string>>>((resolve, reject) => {
      worker.once("message", (message) => resolve([message]))
      worker.once("error", reject)
    })
    await worker.terminate()
    assert.isAtLeast(results?.length ?? 0, 8)
    for (const result of results ?? []) assert.match(result, /^(error|value): /)
  })

  it("a guest at the end of its stack that calls a tool either asks or does not", async () => {
    const guest = await Guest.boot({ limits: { outstandingCalls: 4_096 } })
    const turn = guest.start(`
      let made = 0
      const dive = () => { try { dive() } finally { if (made < 500) { ask(made); made++ } } }
      try { dive() } catch {}
      await ask('end')
      return made`)
    const { calls } = parked(turn)
    assert.deepStrictEqual(
      calls.map(({ id }) => id),
      calls.map((_, index) => `1.${index + 1}`)
    )
    const last = guest.answer(...calls.map(({ id }) => give(id, 0)))
    assert.strictEqual(valueOf(last), calls.length - 1)
  })
})
