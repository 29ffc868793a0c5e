/**
 * Runs boot scripts in a new instance, which an image is then made of. Nothing but the scripts decides how its memory comes
 * out: the clock stands still and there is no chance.
 *
 * Each script is one function. It gets the parts made by those before it, and what it returns is a part of its own name.
 */
import { readFileSync } from "node:fs"
import { Engine, type Image } from "./Engine.ts"
import type { Value } from "./Hooks.ts"
import { compile } from "./Wasm.ts"

/** A part: a script that makes it of the parts before it, or bytecode whose value it is. */
export type Step =
  | { readonly _tag: "Script"; readonly name: string; readonly file: URL }
  | { readonly _tag: "Value"; readonly name: string; readonly code: string }

export interface Recipe<Name extends string> {
  readonly steps: ReadonlyArray<Step>
  /** Functions of the part that is made last, for the host to call. */
  readonly functions: ReadonlyArray<Name>
  readonly memoryBytesMax: number
}

/** An image, and the addresses of its functions. */
export interface Booted<Name extends string> extends Image {
  readonly kernel: Readonly<Record<Name, Value>>
}

/** This installation cannot run guests: what their memory is made of is not that of this release. */
export class UnfitEngine extends Error {
  override readonly name = "UnfitEngine"
}

const stackBytes = 262_144

/** Each orders what is alive by what it finds. After so many the order stays, and a guest that collects does not change it. */
const collections = 3

const called = (engine: Engine, name: string, callee: Value, ...values: ReadonlyArray<Value>): Value => {
  const value = engine.call(callee, ...values)
  if (!engine.isException(value)) return value
  throw new UnfitEngine(`the boot script ${name} failed: ${engine.messageOf(engine.takeException())}`)
}

/** Scripts are compiled in an instance of their own, so that nothing of that is left in the image. */
const run = <Name extends string>(engine: Engine, compiler: Engine, { functions, steps }: Recipe<Name>) => {
  const value = (code: string, name: string, positions: "kept" | "stripped" = "kept"): Value =>
    engine.evaluate(compiler.compile(code, `caisson:${name}.js`, positions))
  const parts = value("({ __proto__: null })", "parts")
  const put = value("(parts, name, part) => { parts[name] = part }", "put")
  const get = value("(part, name) => part[name]", "get")
  called(engine, "put", put, parts, engine.string("host"), engine.fixtures.ask)
  let last = parts
  for (const step of steps) {
    const { name } = step
    last =
      step._tag === "Value"
        ? value(step.code, name, "stripped")
        : called(engine, name, value(readFileSync(step.file, "utf8"), name), parts)
    called(engine, "put", put, parts, engine.string(name), last)
  }
  const address = (name: Name): Value => called(engine, name, get, last, engine.string(name))
  return Object.fromEntries(functions.map((name) => [name, address(name)])) as Booted<Name>["kernel"]
}

/** The memory that the recipe makes, without the dead part of its stack. */
export const boot = async <Name extends string>(recipe: Recipe<Name>): Promise<Booted<Name>> => {
  const options = { module: compile(recipe.memoryBytesMax), stackBytes }
  const [engine, compiler] = [await Engine.create(options), await Engine.create(options)]
  const kernel = run(engine, compiler, recipe)
  for (let count = 0; count < collections; count++) engine.collect()
  const { fixtures, snapshot } = engine.image
  const memory = Uint8Array.from(snapshot.memory).fill(0, 0, snapshot.stackPointer)
  return { fixtures, kernel, snapshot: { ...snapshot, memory } }
}
