import { afterAll, assert, beforeAll, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Limits } from "../../src/machine/Limits.ts"
import { type Attack, anything, boot, finish, program, repel, tier } from "./Attack.ts"
import { EventLoop } from "./EventLoop.ts"

const cpu = { stopped: ["CpuLimit"] }
const outOfMemory = { runsOut: "of memory" } as const
const stopped = { stopped: ["CpuLimit", "MemoryLimit", "Unresponsive"] }

/** O6 O9: programs that do not end by themselves and that the engine can stop. */
const endless: ReadonlyArray<Attack> = [
  { title: "O6 loops", source: "while (true) {}", ending: cpu },
  {
    title: "O6 loops and catches whatever stops it",
    source: "for (;;) { try { for (;;) {} } catch {} finally { continue } }",
    ending: cpu
  },
  {
    title: "O6 hides its loop in a finally of a generator",
    source: "function* g() { try { yield 1 } finally { for (;;) {} } } for (const x of g()) break",
    ending: cpu
  },
  {
    title: "O6 consumes an endless generator",
    source: "function* g() { for (;;) yield 1 } let n = 0; for (const x of g()) n += x",
    ending: cpu
  },
  {
    title: "O9 fills the queue of microtasks for ever",
    source: "const again = () => { Promise.resolve().then(again) }; again(); await new Promise(() => {})",
    ending: cpu
  },
  { title: "O9 awaits for ever", source: "while (true) await 0", ending: cpu },
  { title: "O9 loops after it has waited", source: "await tools.ask(1); while (true) {}", ending: cpu },
  {
    title: "O9 resolves a promise with a thenable that never ends",
    source: "const endless = { then(resolve) { resolve(endless) } }; return endless",
    ending: cpu
  },
  {
    title: "O9 loops in a reaction after its run has its value",
    source: "Promise.resolve().then(() => { while (true) {} }); return 1",
    ending: cpu
  },
  {
    title: "O9 waits for a promise that nobody settles",
    source: "await new Promise(() => {})",
    ending: { fails: /waits for something that cannot happen/ }
  },
  {
    title: "O6 backtracks in a regular expression",
    source: `return /^(a+)+$/.test("a".repeat(60) + "!")`,
    ending: cpu
  },
  {
    title: "O6 compares for ever while sorting",
    source: "return [3, 2, 1].sort(() => { for (;;) {} })",
    ending: cpu
  },
  { title: "O6 loops in a getter of its result", source: "return { get x() { for (;;) {} } }", ending: cpu },
  {
    title: "O6 loops in a getter of its arguments",
    source: "await tools.ask({ get x() { for (;;) {} } })",
    ending: cpu
  },
  {
    title: "O6 loops in the message of its error",
    source: "throw Object.defineProperty(new Error(), 'message', { get() { for (;;) {} } })",
    ending: cpu
  },
  {
    title: "O6 loops in a trap of what it prints",
    source: "console.log(new Proxy({}, { ownKeys() { for (;;) {} } }))",
    ending: cpu
  },
  {
    title: "O6 spends its run bit by bit, waiting in between",
    source: "for (;;) { const end = performance.now; for (let i = 0; i < 200_000; i++); await tools.ask(1) }",
    ending: { stopped: ["CpuLimit"] }
  }
]

/** O8: programs that want all the memory there is. */
const hungry: ReadonlyArray<Attack> = [
  {
    title: "O8 grows an array",
    source: "const a = []; for (;;) a.push(new Array(1000).fill(a.length))",
    ending: outOfMemory
  },
  {
    title: "O8 spreads an endless generator",
    source: "function* g() { for (;;) yield 1 } [...g()]",
    ending: outOfMemory
  },
  { title: "O8 fills the longest array", source: "return new Array(2 ** 32 - 1).fill(0).length", ending: outOfMemory },
  {
    title: "O8 fills a map",
    source: "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })",
    ending: outOfMemory
  },
  {
    title: "O8 chains promises",
    source: "let p = Promise.resolve(); for (;;) p = p.then(() => p)",
    ending: outOfMemory
  },
  {
    title: "O8 nests closures",
    source: "if (true) { let f; for (;;) { const g = f; f = () => g } }",
    ending: outOfMemory
  },
  {
    title: "O8 makes symbols",
    source: "if (true) { const all = []; for (let i = 0; ; i++) all.push(Symbol.for('s' + i)) }",
    ending: outOfMemory
  },
  {
    title: "O8 names properties",
    source: "const o = {}; for (let i = 0; ; i++) o['name' + i] = i",
    ending: outOfMemory
  },
  {
    title: "O8 allocates many buffers",
    source: "const a = []; for (;;) a.push(new Uint8Array(1e6))",
    ending: outOfMemory
  },
  { title: "O8 allocates a buffer", source: "return new ArrayBuffer(2 ** 30).byteLength", ending: outOfMemory },
  { title: "O8 allocates the longest typed array", source: "new Float64Array(2 ** 31 - 1)", ending: { fails: /./ } },
  { title: "O8 doubles a text", source: `let s = "x"; for (;;) s += s`, ending: { fails: /./ } },
  { title: "O8 repeats a text", source: `return "x".repeat(2 ** 28).length`, ending: { fails: /./ } },
  { title: "O8 pads a text", source: `return "x".padStart(2 ** 29, "ab").length`, ending: { fails: /./ } },
  {
    title: "O8 compiles text",
    source: `for (let i = 0; ; i++) new Function("a" + i, "return " + "a+".repeat(1000) + i)`,
    ending: stopped,
    limits: { cpuSliceMillis: 200 }
  },
  {
    title: "O8 catches its hunger and goes on",
    source: "const a = []; for (;;) try { a.push(new Array(1e5).fill(1)) } catch {}",
    ending: stopped,
    limits: { cpuSliceMillis: 200 }
  }
]

/** O10: programs that go deep. */
const deep: ReadonlyArray<Attack> = [
  {
    title: "O10 calls itself",
    source: "function f() { return f() + 1 } try { f() } catch (error) { return error.name }",
    ending: { completes: "RangeError" }
  },
  {
    title: "O10 calls itself and catches nothing",
    source: "const f = () => f(); f()",
    ending: { fails: /^RangeError/ }
  },
  {
    title: "O10 reads through a chain of proxies",
    source: "let p = {}; for (let i = 0; i < 5_000; i++) p = new Proxy(p, {}); return p.x",
    ending: { fails: /^RangeError|InternalError/ }
  },
  {
    title: "O10 calls through a chain of bound functions",
    source: "let f = () => 1; for (let i = 0; i < 50_000; i++) f = f.bind(null); return f()",
    ending: { fails: /^RangeError|InternalError/ }
  },
  {
    title: "O10 delegates through a chain of generators",
    source: "function* g(n) { if (n > 0) yield* g(n - 1); yield n } return [...g(50_000)].length",
    ending: { fails: /^RangeError|InternalError/ }
  },
  {
    title: "O10 converts itself to text",
    source: "const o = { toString() { return `${o}` } }; return `${o}`",
    ending: { fails: /^RangeError|InternalError/ }
  },
  { title: "O10 parses deep JSON", source: `return JSON.parse("[".repeat(1e6))`, ending: { fails: /./ } },
  {
    title: "O10 writes deep JSON",
    source: "let a = []; for (let i = 0; i < 1_000; i++) a = [a]; return JSON.stringify(a).length",
    ending: { completes: 2_002 }
  },
  {
    title: "O10 returns a deep value",
    source: "let a = 1; for (let i = 0; i < 5_000; i++) a = [a]; return a",
    ending: { completes: anything }
  },
  {
    title: "O10 passes a deep value",
    source:
      "let a = 1; for (let i = 0; i < 5_000; i++) a = { a }; try { await tools.ask(a) } catch (error) { return error.name }",
    ending: { completes: "TypeError" }
  },
  {
    title: "O10 prints a deep value",
    source: "let a = 1; for (let i = 0; i < 5_000; i++) a = [a]; console.log(a); return 1",
    ending: { completes: 1 }
  },
  {
    title: "O10 compiles deep text",
    source: `return new Function("return " + "(".repeat(1e5))`,
    ending: { fails: /./ }
  },
  { title: "O10 is deep itself", source: `return ${"[".repeat(60_000)}`, ending: { fails: /./ } },
  { title: "O10 is a long sum", source: `return ${"1+".repeat(60_000)}1`, ending: { fails: /nested too deeply/ } },
  {
    title: "O10 has a name that is as long as it may be",
    source: `var ${"n".repeat(200_000)} = 1; return 1`,
    ending: { completes: 1 }
  },
  {
    title: "O10 matches nested groups",
    source: `return new RegExp("(".repeat(1e5) + ")".repeat(1e5)).test("")`,
    ending: { fails: /./ }
  },
  {
    title: "O10 spreads a million arguments",
    source: "return Math.max(...new Array(1e6).fill(1))",
    ending: { fails: /./ }
  }
]

/** O11 and what else floods a host. */
const floods: ReadonlyArray<Attack> = [
  {
    title: "returns a sparse array of four billion",
    source: "const a = []; a.length = 2 ** 32 - 1; return a",
    ending: { fails: /longer than|RangeError/ }
  },
  {
    title: "passes a sparse array of four billion",
    source: "const a = []; a.length = 2 ** 32 - 1; try { await tools.ask(a) } catch (error) { return error.name }",
    ending: { completes: "RangeError" }
  },
  {
    title: "prints a sparse array of four billion",
    source: "const a = []; a.length = 2 ** 32 - 1; console.log(a); console.table(a); return 1",
    ending: { completes: 1 }
  },
  {
    title: "returns a value with shared parts that is exponential when written out",
    source: "let a = ['x']; for (let i = 0; i < 40; i++) a = [a, a]; return a",
    ending: { fails: /longer than|RangeError/ },
    limits: { resultBytes: 4_096 }
  },
  { title: "returns a long text", source: `return "x".repeat(2 ** 21)`, ending: { fails: /RangeError/ } },
  {
    title: "passes a long text",
    source: `try { await tools.ask("x".repeat(2 ** 21)) } catch (error) { return error.name }`,
    ending: { completes: "RangeError" }
  },
  {
    title: "calls without waiting",
    source: "let made = 0; try { for (;;) { tools.ask(made); made++ } } catch (error) { return [made, error.name] }",
    ending: { completes: [256, "RangeError"] }
  },
  {
    title: "sets timers without end",
    source:
      "let made = 0; try { for (;;) { setTimeout(() => {}, 1e9); made++ } } catch (error) { return [made, error.name] }",
    ending: { completes: [256, "RangeError"] }
  },
  {
    title: "calls more often than a run may",
    source:
      "let made = 0; try { for (;;) { await tools.ask(made); made++ } } catch (error) { return [made, error.name] }",
    ending: { completes: [50, "RangeError"] },
    limits: { callsPerRun: 50 }
  },
  {
    title: "calls paths of great length",
    source:
      "let t = tools; for (let i = 0; i < 100; i++) t = t.averylongname; try { await t() } catch (error) { return error.name }",
    ending: { completes: "RangeError" }
  },
  { title: "is longer than it may be", source: `return "${"x".repeat(300_000)}"`, ending: { fails: /./ } },
  {
    title: "has surrogates without partners",
    source: `console.log("\\ud800"); return "\\udc00"`,
    ending: { completes: "\udc00" }
  }
]

const eventLoop = new EventLoop()
beforeAll(() => eventLoop.start())
afterAll(() => eventLoop.stop())

layer(tier, { excludeTestServices: true })("a guest that wants too much is held when it", (it) => {
  const limited = (attacks: ReadonlyArray<Attack>, limits: Partial<Limits>) =>
    attacks.map((attack) => ({ ...attack, limits: { ...limits, ...attack.limits } }))
  const all = [
    ...limited(endless, { cpuSliceMillis: 100, cpuRunMillis: 300 }),
    ...limited(hungry, { cpuSliceMillis: 3_000, cpuRunMillis: 3_000 }),
    ...deep,
    ...floods
  ]
  for (const attack of all) {
    it.effect(attack.title, () => repel(attack))
  }

  it.effect.each([
    "for (let i = 0; i < 3; i++) console.log('x'.repeat(1e6))",
    "for (;;) console.log('x')",
    "for (;;) { console.log('x'); console.error('y') }"
  ])("O11 prints without end, and its output is cut off with a mark: %s", (source) =>
    Effect.gen(function* () {
      const machine = yield* boot({ outputBytes: 1_000 })
      const turn = yield* finish(machine, program(source))
      const text = turn.output.map((output) => output.text).join("")
      assert.isBelow(text.length, 1_200)
      assert.match(turn.output.at(-1)?.text ?? "", /\[output truncated at 1000 bytes\]/)
    })
  )

  it.effect("O7 has done all of this, and its host's event loop was less than 50 ms late in 99 of 100 cases", () =>
    Effect.gen(function* () {
      assert.isAbove(eventLoop.samples, 100)
      assert.isBelow(yield* Effect.promise(() => eventLoop.lateness(99)), 50)
    })
  )
})
