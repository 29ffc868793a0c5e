import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { type Attack, boot, finish, program, repel, tier, valueOf } from "./Attack.ts"

const undefinedGlobals =
  "[typeof process, typeof require, typeof module, typeof fetch, typeof WebAssembly, typeof Worker, typeof Deno, typeof Bun, typeof std, typeof os, typeof SharedArrayBuffer, typeof ShadowRealm].join()"
const allUndefined = Array.from({ length: 12 }, () => "undefined").join()

/** Programs that reach for their host. */
const reaching: ReadonlyArray<Attack> = [
  {
    title: "asks for the globals of a host",
    source: `return ${undefinedGlobals}`,
    ending: { completes: allUndefined }
  },
  {
    title: "makes functions from text by the constructor of a function",
    source: `return (() => {}).constructor("return ${undefinedGlobals}")()`,
    ending: { completes: allUndefined }
  },
  {
    title: "makes functions from text by the constructors of async functions and generators",
    source: `
      const makers = [async () => {}, function* () {}, async function* () {}].map((f) => f.constructor)
      const first = await makers[0]("return typeof process")()
      const second = makers[1]("yield typeof process")().next().value
      const third = (await makers[2]("yield typeof process")().next()).value
      return [first, second, third]`,
    ending: { completes: ["undefined", "undefined", "undefined"] }
  },
  {
    title: "evaluates text in every scope",
    source: `return [eval("typeof process"), (0, eval)("typeof process"), new Function("return this === globalThis")()]`,
    ending: { completes: ["undefined", "undefined", true] }
  },
  {
    title: "follows the constructors of what it was given",
    source: `
      const given = [console, console.log, tools, tools.ask, listTools, structuredClone, setTimeout, Math.random]
      const makers = given.map((thing) => thing.constructor?.constructor ?? thing.constructor)
      return makers.every((maker) => maker === undefined || maker === Function || maker("return typeof process")() === "undefined")`,
    ending: { completes: true }
  },
  {
    title: "imports a module",
    source: `return await import("node:fs")`,
    ending: { fails: /^SyntaxError: modules are not available/ }
  },
  {
    title: "imports modules from text",
    source: `
      const names = ["fs", "node:fs", "node:process", "/etc/passwd", "file:///etc/passwd", "data:text/javascript,1", "./worker.ts", "std", "os", ""]
      const load = new Function("name", "return " + "im" + "port(name)")
      const results = await Promise.allSettled([...names.map((name) => load(name)), eval("im" + "port('fs')")])
      return results.every(({ status }) => status === "rejected")`,
    ending: { completes: true }
  },
  {
    title: "walks the callers of its functions",
    source: `
      function outer() { return inner() }
      function inner() { try { return [typeof arguments.callee.caller, inner.caller === undefined || inner.caller === null || inner.caller === outer] } catch { return "refused" } }
      return JSON.stringify(outer()).includes("process")`,
    ending: { completes: false }
  },
  {
    title: "prepares stack traces itself",
    source: `
      let seen = 0
      try { Error.prepareStackTrace = (error, sites) => { seen += sites.length; return sites } } catch {}
      try { Object.defineProperty(Error, "prepareStackTrace", { value: (error, sites) => { seen += sites.length; return sites } }) } catch {}
      class Mine extends Error {}
      try { Mine.prepareStackTrace = Error.prepareStackTrace } catch {}
      return [typeof new Error("x").stack, typeof new Mine("x").stack, seen]`,
    ending: { completes: ["string", "string", 0] }
  },
  {
    title: "reads paths of its host off stacks",
    source: `
      const stacks = []
      const collect = (f) => { try { f() } catch (error) { stacks.push(String(error.stack)) } }
      collect(() => null.x)
      collect(() => structuredClone(() => 1))
      collect(() => tools())
      collect(() => JSON.parse("{"))
      collect(() => { const f = () => f(); f() })
      try { await tools.ask(() => 1) } catch (error) { stacks.push(String(error.stack)) }
      return /file:|node:|\\/(home|work|usr|root|src|dist)\\b|wasm|\\.ts\\b/.test(stacks.join())`,
    ending: { completes: false }
  },
  {
    title: "looks for what the boot scripts left behind",
    source: `
      const own = Reflect.ownKeys(globalThis).map(String)
      return own.filter((name) => /^_|caisson|host|kernel|boot|^ask$/.test(name))`,
    ending: { completes: ["ask"] }
  },
  {
    title: "waits for other threads",
    source: `return [typeof Atomics === "undefined" || typeof Atomics.wait, typeof SharedArrayBuffer]`,
    ending: { completes: [true, "undefined"] }
  },
  {
    title: "looks for the symbols of a host",
    source: `
      const hidden = [Symbol.for("nodejs.util.inspect.custom"), Symbol.for("nodejs.dispose"), Symbol.for("effect/Effect")]
      return [console, tools, Promise, globalThis].some((thing) => hidden.some((symbol) => thing[symbol] !== undefined))`,
    ending: { completes: false }
  }
]

/** Programs that change the language under the feet of what runs beside them in the guest. */
const tampering: ReadonlyArray<Attack> = [
  {
    title: "patches every prototype that a bridge could use",
    source: `
      const liar = () => "lied"
      for (const [owner, names] of [[Promise.prototype, ["then", "catch", "finally"]], [JSON, ["stringify", "parse"]], [Map.prototype, ["get", "set", "has", "delete", "forEach"]],
        [Set.prototype, ["add", "has"]], [Function.prototype, ["call", "apply", "bind", "toString"]], [String.prototype, ["toString", "valueOf", "slice", "indexOf"]],
        [Array.prototype, ["push", "map", "forEach", "slice", "join", "concat"]], [Object.prototype, ["toString", "valueOf", "hasOwnProperty"]], [RegExp.prototype, ["exec", "test"]]])
        for (const name of names) owner[name] = liar
      Array.prototype[Symbol.iterator] = function* () { yield "lied" }
      const answer = await tools.ask({ amount: 1 })
      return answer[0].amount`,
    ending: { completes: 1 }
  },
  {
    title: "steals what is assigned by setters on Object.prototype and Array.prototype",
    source: `
      globalThis.stolen = 0
      for (const name of ["secret", "name", "message", "id", "path", "arguments", "resolve", "reject", "stack", "0", "1"])
        for (const owner of [Object.prototype, Array.prototype])
          Object.defineProperty(owner, name, { __proto__: null, configurable: true, set() { stolen++ } })
      const answer = await tools.ask({ secret: "token" })
      const ownSecret = Object.getOwnPropertyDescriptor(answer[0], "secret").value
      return [ownSecret, stolen]`,
    ending: { completes: ["token", 0] }
  },
  {
    title: "replaces globals",
    source: `
      for (const name of ["JSON", "Promise", "Object", "Array", "Map", "Set", "Error", "String", "Function", "Symbol", "Reflect", "Proxy", "console", "queueMicrotask"])
        try { globalThis[name] = undefined } catch {}
      return await tools.ask("still here")`,
    ending: { completes: ["still here"] }
  },
  {
    title: "deletes everything global",
    source: `
      const ask = tools.ask
      for (const name of Reflect.ownKeys(globalThis)) try { if (name !== "tools") delete globalThis[name] } catch {}
      return await ask("still here")`,
    ending: { completes: ["still here"] }
  },
  {
    title: "tampers with the tools' objects",
    source: `
      const attempts = [() => { tools.ask = () => "lied" }, () => { tools.ask.budget = 1e9 }, () => Object.defineProperty(tools, "ask", { value: 1 }), () => delete tools.ask,
        () => Object.setPrototypeOf(tools, { ask: () => "lied" }), () => Object.preventExtensions(tools), () => { tools.__proto__ = null }]
      for (const attempt of attempts) try { attempt() } catch {}
      return await tools.ask("true")`,
    ending: { completes: ["true"] }
  },
  {
    title: "subclasses promises to see results that are not its own",
    source: `
      const seen = []
      const then = Promise.prototype.then
      Promise.prototype.then = function (f, r) { seen.push("then"); return then.call(this, f, r) }
      Object.defineProperty(Promise, Symbol.species, { value: class extends Promise { constructor(executor) { super(executor); seen.push("species") } } })
      const answer = await tools.ask("mine")
      return answer`,
    ending: { completes: ["mine"] }
  },
  {
    title: "poisons JSON with a prototype key",
    source: `return JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": {"prototype": {"isAdmin": true}}, "kept": 1}')`,
    ending: { completes: { constructor: { prototype: { isAdmin: true } }, kept: 1 } }
  },
  {
    title: "poisons arguments with a prototype key",
    source: `
      const answer = await tools.ask(JSON.parse('{"__proto__": {"isAdmin": true}, "kept": 1}'))
      return [answer[0].isAdmin === undefined, answer[0].kept]`,
    ending: { completes: [true, 1] }
  },
  {
    title: "wraps itself in then: returns, awaits and passes thenables",
    source: `
      const thenable = { then(resolve) { resolve({ then(again) { again("deep") } }) } }
      const refusing = { then(_, reject) { reject(new Error("no")) } }
      const throwing = { get then() { throw new Error("no") } }
      const results = await Promise.allSettled([thenable, refusing, throwing].map(async (value) => await value))
      return results.map(({ status, value }) => value ?? status)`,
    ending: { completes: ["deep", "rejected", "rejected"] }
  },
  {
    title: "awaits the tools themselves",
    source: `return [typeof (await tools), typeof (await tools.ask), String(await tools.ask("x"))]`,
    ending: { completes: ["function", "function", "x"] }
  }
]

/** Values whose reading is guest code, given to whatever reads values. */
const values: ReadonlyArray<Attack> = [
  {
    title: "calls a tool from a getter while its result is written",
    source: `return { get x() { tools.ask("from a getter"); return 1 } }`,
    ending: { fails: /^Error: no run is under way/ }
  },
  {
    title: "throws from a getter while its result is written",
    source: `return { get x() { throw new Error("read me not") } }`,
    ending: { fails: /read me not/ }
  },
  {
    title: "throws from a getter while arguments are written",
    source: `
      try { await tools.ask({ get x() { throw new Error("read me not") } }) } catch (error) { return error.message }`,
    ending: { completes: "read me not" }
  },
  {
    title: "lies with toJSON",
    source: `return (await tools.ask({ toJSON() { return "lied" }, amount: 1 }))[0].amount`,
    ending: { fails: /function/ }
  },
  {
    title: "returns a proxy whose traps throw",
    source: `return new Proxy({}, new Proxy({}, { get() { throw new Error("trapped") } }))`,
    ending: { fails: /trapped/ }
  },
  {
    title: "returns a proxy that claims other keys each time",
    source: `
      let reads = 0
      return new Proxy({}, { ownKeys: () => ["k" + reads++], getOwnPropertyDescriptor: () => ({ value: reads, enumerable: true, configurable: true }), get: () => reads })`,
    ending: { completes: { k0: 1 } }
  },
  {
    title: "revokes a proxy before it is read",
    source: `const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return proxy`,
    ending: { fails: /TypeError/ }
  },
  {
    title: "throws null",
    source: "throw null",
    ending: { fails: /^Thrown: null$/ }
  },
  {
    title: "throws a symbol",
    source: `throw Symbol("s")`,
    ending: { fails: /^Thrown: Symbol\(s\)$/ }
  },
  {
    title: "throws an error whose every property throws",
    source: `
      const error = new Error("x")
      for (const name of ["name", "message", "stack", "reason", "cause"]) Object.defineProperty(error, name, { get() { throw new Error(name) } })
      throw error`,
    ending: { fails: /^Error: $/ }
  },
  {
    title: "throws a proxy of an error",
    source: `throw new Proxy(new Error("x"), { get() { throw new Error("trapped") }, getPrototypeOf() { throw new Error("trapped") } })`,
    ending: { fails: /./ }
  },
  {
    title: "throws an error with a message of ten million characters",
    source: `throw new Error("m".repeat(1e7))`,
    ending: { fails: /^Error: m{1,16384}$/ },
    limits: { memoryMebibytes: 64 }
  },
  {
    title: "pretends to have been refused for a reason of the host",
    source: `throw Object.assign(new Error("mine"), { reason: "Unresponsive", fatal: true })`,
    ending: { fails: /^Error: mine$/ }
  },
  {
    title: "prints what cannot be printed",
    source: `
      const trap = new Proxy({}, { get() { throw new Error("trapped") }, ownKeys() { throw new Error("trapped") }, getPrototypeOf() { throw new Error("trapped") } })
      const cycle = []; cycle.push(cycle)
      const things = [trap, cycle, Symbol("s"), 1n, () => {}, class {}, new WeakMap(), Object.create(null), { get x() { throw 1 } }, [,,1], new Date(NaN)]
      const failures = new Set()
      for (const thing of things) for (const method of ["log", "error", "dir", "table"]) try { console[method](thing) } catch (error) { failures.add(String(error)) }
      return [...failures]`,
    ending: { completes: ["Error: trapped", "1"] }
  }
]

/** What a guest finds in its global object: the language, and what the boot scripts add to it. */
const globals = [
  ..."AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean".split(" "),
  ..."DOMException DataView Date DisposableStack Error EvalError Float16Array Float32Array Float64Array".split(" "),
  ..."Function Infinity Int16Array Int32Array Int8Array InternalError Iterator JSON Map Math NaN Number".split(" "),
  ..."Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String SuppressedError Symbol".split(" "),
  ..."Symbol(Symbol.toStringTag) SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array".split(" "),
  ..."Uint8ClampedArray WeakMap WeakSet ask atob btoa clearInterval clearTimeout console decodeURI".split(" "),
  ..."decodeURIComponent encodeURI encodeURIComponent escape eval fs getToolInfo globalThis isFinite isNaN".split(" "),
  ..."listTools parseFloat parseInt performance queueMicrotask setInterval setTimeout shell sleep".split(" "),
  ..."structuredClone tools undefined unescape".split(" ")
]

layer(tier, { excludeTestServices: true })("a guest that wants out gets nowhere when it", (it) => {
  for (const attack of [...reaching, ...tampering, ...values]) {
    it.effect(attack.title, () => repel(attack))
  }

  it.effect("O14 lists its globals: those of the language and of what it was granted, and no others", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const turn = yield* finish(machine, program("return Reflect.ownKeys(globalThis).map(String).sort()"))
      assert.deepStrictEqual(valueOf(turn), globals)
    })
  )

  it.effect("poisons values on their way out: the prototypes of its host stay as they are", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const poison = `return await tools.ask(JSON.parse('{"__proto__": {"polluted": true}}'), { constructor: { prototype: { polluted: true } } })`
      valueOf(yield* finish(machine, program(poison)))
      assert.isUndefined(Reflect.get({}, "polluted"))
      assert.isUndefined(Reflect.get([], "polluted"))
    })
  )
})
