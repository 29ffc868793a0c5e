/**
 * The memory from which every guest starts: the language, and the boot scripts that give guests their globals and the host
 * its kernel. Snapshots say only how a guest differs from it.
 *
 * It has to come out the same to the last byte, everywhere and always: a snapshot restored upon other bytes would be another
 * guest. So it is made with a clock that stands still and no chance, and compared with the identity below. A build brings it
 * along, since a worker takes as long to make it as to start; where it is missing, every worker makes it anew.
 */
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { type Content, decode } from "./BaseImageFile.ts"
import { Engine, type Image } from "./Engine.ts"
import type { Value } from "./Hooks.ts"
import { compile, type EngineModule, wasmSha256 } from "./Wasm.ts"

/** The engine's binary and the base image that this release is made of. */
const expected = {
  wasm: "d4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9",
  base: "ea60238796921fdb3b824a45e5a13b263228bfe8f3d3faa9eaac5db92deafeeb"
}

/** From the modules of the command too, which lie in another folder of the same build. */
const inFolder = (name: string): URL => new URL(`../quickjs/${name}`, import.meta.url)

/** The boot scripts, in the order in which they need each other. */
const scripts = [
  "intrinsics",
  "reader",
  "writer",
  "promises",
  "text",
  "inspect",
  "table",
  "console",
  "run",
  "random",
  "timers",
  "tools",
  "kernel"
]

/** The functions of the kernel that the host calls. */
const kernelFunctions = [
  "answer",
  "begin",
  "fail",
  "finish",
  "grant",
  "rest",
  "seed",
  "sweep",
  "track",
  "watch"
] as const

export type KernelFunction = (typeof kernelFunctions)[number]

export interface BaseImage extends Image {
  /** SHA-256 of the memory, in hexadecimal. */
  readonly id: string
  /** SHA-256 of the engine's binary, in hexadecimal. */
  readonly wasmSha256: string
  readonly kernel: Readonly<Record<KernelFunction, Value>>
}

/** This installation cannot run guests: the engine's binary or the boot scripts are not those of this release. */
export class UnfitEngine extends Error {
  override readonly name = "UnfitEngine"
}

const bytesMax = 16 * 1_048_576
const stackBytes = 65_536

/** Compiles scripts in an instance of its own, so that nothing of that is left in the image. */
const compiler = async (module: EngineModule): Promise<(code: string, name: string) => Uint8Array> => {
  const engine = await Engine.create({ module, stackBytes })
  return (code, name) => engine.compile(code, `caisson:${name}.js`)
}

const called = (engine: Engine, name: string, callee: Value, ...values: ReadonlyArray<Value>): Value => {
  const value = engine.call(callee, ...values)
  if (!engine.isException(value)) return value
  throw new UnfitEngine(`the boot script ${name} failed: ${engine.messageOf(engine.takeException())}`)
}

/** Runs the boot scripts. Gives the addresses of the functions that the last one makes. */
const boot = (engine: Engine, compile: (code: string, name: string) => Uint8Array): BaseImage["kernel"] => {
  const run = (code: string, name: string): Value => engine.evaluate(compile(code, name))
  const parts = run("({ __proto__: null })", "parts")
  const put = run("(parts, name, part) => { parts[name] = part }", "put")
  const get = run("(part, name) => part[name]", "get")
  called(engine, "put", put, parts, engine.string("host"), engine.fixtures.ask)
  for (const script of scripts) {
    const code = readFileSync(inFolder(`boot/${script}.js`), "utf8")
    const part = called(engine, script, run(code, script), parts)
    called(engine, "put", put, parts, engine.string(script), part)
  }
  const kernel = called(engine, "get", get, parts, engine.string("kernel"))
  const address = (name: KernelFunction): Value => called(engine, name, get, kernel, engine.string(name))
  return Object.fromEntries(kernelFunctions.map((name) => [name, address(name)])) as BaseImage["kernel"]
}

const make = async (): Promise<Content> => {
  const module = compile(bytesMax)
  const engine = await Engine.create({ module, stackBytes })
  const kernel = boot(engine, await compiler(module))
  const { fixtures, snapshot } = engine.image
  const memory = Uint8Array.from(snapshot.memory).fill(0, 0, snapshot.stackPointer)
  return { fixtures, kernel, snapshot: { ...snapshot, memory } }
}

const load = async (): Promise<BaseImage> => {
  const binary = wasmSha256()
  if (binary !== expected.wasm) {
    throw new UnfitEngine(
      `quickjs.wasm has the SHA-256 ${binary}, this release needs ${expected.wasm}: install the exact dependencies`
    )
  }
  const file = inFolder("base-image")
  const content = existsSync(file) ? decode(readFileSync(file)) : await make()
  const id = createHash("sha256").update(content.snapshot.memory).digest("hex")
  if (id !== expected.base) {
    throw new UnfitEngine(
      `the base image has the SHA-256 ${id}, this release needs ${expected.base}: its boot scripts were changed, and ` +
        "snapshots that were made before will not be restored. If that is meant, make it the expected one in BaseImage.ts"
    )
  }
  return { id, wasmSha256: binary, ...content }
}

let image: Promise<BaseImage> | undefined

/** The base image of this thread, read or made when it is first needed. Fails with `UnfitEngine`. */
export const baseImage = (): Promise<BaseImage> => {
  image ??= load()
  return image
}
