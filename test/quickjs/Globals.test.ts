import { assert, describe, it } from "@effect/vitest"
import { guestGlobals } from "../../src/tool/GuestGlobals.ts"
import { filesBelow, read } from "../repository.ts"
import { calleeOf, childrenOf, type Node, namesUsed, parseSource, within } from "../syntax.ts"
import { Guest } from "./guest.ts"

/** Everything that a guest finds. What is not the language's is documented in the guide. */
const expected = [
  ...["AggregateError", "Array", "ArrayBuffer", "AsyncDisposableStack", "BigInt", "BigInt64Array", "BigUint64Array"],
  ...["Boolean", "DOMException", "DataView", "Date", "DisposableStack", "Error", "EvalError", "Float16Array"],
  ...["Float32Array", "Float64Array", "Function", "Infinity", "Int16Array", "Int32Array", "Int8Array", "InternalError"],
  ...["Iterator", "JSON", "Map", "Math", "NaN", "Number", "Object", "Promise", "Proxy", "RangeError"],
  ...["ReferenceError", "Reflect", "RegExp", "Set", "String", "SuppressedError", "Symbol", "SyntaxError", "TypeError"],
  ...["URIError", "Uint16Array", "Uint32Array", "Uint8Array", "Uint8ClampedArray", "WeakMap", "WeakSet", "ask", "atob"],
  ...["bank", "btoa", "clearInterval", "clearTimeout", "console", "decodeURI", "decodeURIComponent", "encodeURI"],
  ...["encodeURIComponent", "escape", "eval", "fs", "getToolInfo", "globalThis", "isFinite", "isNaN", "listTools"],
  ...["parseFloat", "parseInt", "performance", "queueMicrotask", "setInterval", "setTimeout", "shell", "sleep"],
  ...["structuredClone", "tools", "undefined", "unescape"]
]
const granted = ["ask", "bank"]

describe("globals of a guest", () => {
  it("O14 are exactly these, and none of them can be enumerated", async () => {
    const guest = await Guest.boot()
    assert.deepStrictEqual(guest.value("Object.getOwnPropertyNames(globalThis).sort()"), expected)
    assert.deepStrictEqual(guest.value("Object.keys(globalThis)"), [])
    assert.strictEqual(
      guest.value("Object.getOwnPropertySymbols(globalThis).map(String).join()"),
      "Symbol(Symbol.toStringTag)"
    )
  })

  it("O14 are names that no tool can begin with", () => {
    const free = expected.filter((name) => !guestGlobals.has(name) && !granted.includes(name))
    assert.deepStrictEqual(free, ["eval", "undefined"])
  })

  it("O14 have no way out: no module, no process, no host function", async () => {
    const guest = await Guest.boot()
    for (const source of ["require('fs')", "process.pid", "fetch('http://x')", "WebAssembly", "new Worker('x')"]) {
      assert.strictEqual(guest.error(source).name, "ReferenceError", source)
    }
    assert.include(guest.error("await (0, eval)('import(\"node:fs\")')").name, "Error")
    assert.deepStrictEqual(
      guest.value(`
        [console.log, sleep, tools.ask, setTimeout, Math.random].map((f) => f.constructor === Function || f.constructor)
      `),
      [true, true, { $: ["undefined"] }, true, true]
    )
    assert.strictEqual(guest.error("console.log.constructor('return process')()").name, "ReferenceError")
  })

  it("O14 keep their source and the boot scripts' functions to themselves", async () => {
    const guest = await Guest.boot()
    assert.include(String(guest.value("sleep.toString() + console.log")), "[native code]")
    assert.deepStrictEqual(
      guest.value(
        `
        Error.prepareStackTrace = (_, frames) => frames
        let redefined = 'defined'
        try { Object.defineProperty(Error, 'prepareStackTrace', { value: () => 1 }) } catch { redefined = 'refused' }
        let stack
        try { await tools.ask(() => {}) } catch (error) { stack = error.stack }
        [typeof stack, redefined]`.replace("\n        [", "\n        ;[")
      ),
      ["string", "refused"]
    )
  })
})

const scripts = filesBelow("src/quickjs/boot").filter((file) => file.endsWith(".js"))

/** Parts and collections whose methods are their own. */
const ours =
  /^(apply|console|host|inspect|intrinsics|kernel|pending|promises|random|reader|reasons|run|starts|labels|text|timers|tools|unhandled|writer|abandoned|list|frame|source)$/
const foreignMethods = new Set(
  [Array, Function, Map, Object, Promise, RegExp, Set, String, Symbol].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype)
  )
)

/** Functions that run after boot: all but a script's own, and what it calls while it runs is boot as well. */
const laterFunctions = (program: Node): ReadonlyArray<Node> => {
  const [script] = [...within(program)].filter(({ type }) => type === "ArrowFunctionExpression")
  return script === undefined ? [] : [...within(script)].filter((node) => node !== script && /Function/.test(node.type))
}

const globalsUsed = (source: string): ReadonlyArray<string> => {
  const program = parseSource(source)
  const known = declaredIn(program)
  const free = laterFunctions(program).flatMap((node) => [...namesUsed(node)].filter((name) => !known.has(name)))
  return [...new Set(free)].filter((name) => !/^(undefined|NaN)$/.test(name))
}

const foreignCalls = (source: string): ReadonlyArray<string> => {
  const calls = laterFunctions(parseSource(source)).flatMap((node) =>
    [...within(node)].flatMap((inner) => {
      const callee = calleeOf(inner)
      if (callee?.type !== "MemberExpression" || callee["computed"] === true) return []
      const method = String((callee["property"] as Node)["name"])
      const object = callee["object"] as Node
      const owner = object.type === "Identifier" ? String(object["name"]) : object.type
      return foreignMethods.has(method) && !ours.test(owner) ? [`${owner}.${method}`] : []
    })
  )
  return [...new Set(calls)]
}

const declaredIn = (program: Node): ReadonlySet<string> => {
  const names = new Set<string>()
  const bind = (node: Node | null | undefined): void => {
    if (!node) return
    if (node.type === "Identifier") names.add(String(node["name"]))
    else for (const child of childrenOf(node)) bind(child.type === "Property" ? (child["value"] as Node) : child)
  }
  for (const node of within(program)) {
    if (node.type === "VariableDeclarator") bind(node["id"] as Node)
    if (/Function/.test(node.type)) for (const parameter of node["params"] as ReadonlyArray<Node>) bind(parameter)
    if (node.type === "ClassDeclaration") bind(node["id"] as Node)
    if (node.type === "CatchClause") bind(node["param"] as Node | null)
  }
  return names
}

describe("boot scripts", () => {
  it("are all there is to see", () => {
    assert.lengthOf(scripts, 15)
  })

  it.each(scripts.filter((file) => !/intrinsics|kernel/.test(file)))("%s uses no global once guests run", (file) =>
    assert.deepStrictEqual(globalsUsed(read(file)), []))

  it.each(scripts)("%s calls no method that guests could change", (file) =>
    assert.deepStrictEqual(foreignCalls(read(file)), []))

  it("break these laws where they do", () => {
    const script =
      ";({ run }) => { const first = new Map(); const later = (x) => { run.call(x); x.map(first); return Map } }"
    assert.deepStrictEqual([globalsUsed(script), foreignCalls(script)], [["Map"], ["x.map"]])
  })
})
