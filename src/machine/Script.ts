import type { Output } from "./Turn.ts"

/** What a scripted guest can ask for. Scripts do not build these: they `yield*` the functions of this module. */
export type Request =
  | { readonly _tag: "Call"; readonly path: string; readonly arguments: ReadonlyArray<unknown> }
  | { readonly _tag: "Sleep"; readonly millis: number }
  | { readonly _tag: "All"; readonly guests: ReadonlyArray<Guest<unknown>> }
  | { readonly _tag: "Race"; readonly guests: ReadonlyArray<Guest<unknown>> }
  | { readonly _tag: "Spawn"; readonly guest: Guest<unknown> }
  | { readonly _tag: "Print"; readonly output: Output }
  | { readonly _tag: "Load"; readonly name: string }
  | { readonly _tag: "Store"; readonly name: string; readonly value: unknown }
  | { readonly _tag: "Now" }
  | { readonly _tag: "Random" }
  | { readonly _tag: "Break"; readonly reason: string }
  | { readonly _tag: "Spin" }

/** A guest written as a generator. It must be deterministic: restoring a snapshot runs it again. */
export type Guest<A> = Generator<Request, A, unknown>

/** A guest program: called with the argument that the run's source gives, or `undefined`. */
export type GuestScript = (argument: unknown) => Guest<unknown>

/** Calls a tool and waits for its result. A rejected call throws. */
export function* call(path: string, ...args: ReadonlyArray<unknown>): Guest<unknown> {
  return yield { _tag: "Call", path, arguments: args }
}

/** Waits on the virtual clock. */
export function* sleep(millis: number): Guest<void> {
  yield { _tag: "Sleep", millis }
}

/** Runs guests concurrently and waits for all of them. The first that throws ends the others and throws here. */
export function* all(guests: ReadonlyArray<Guest<unknown>>): Guest<ReadonlyArray<unknown>> {
  return (yield { _tag: "All", guests }) as ReadonlyArray<unknown>
}

/** Runs guests concurrently until the first one ends, well or not. What the others wait for is cancelled. */
export function* race(guests: ReadonlyArray<Guest<unknown>>): Guest<unknown> {
  return yield { _tag: "Race", guests }
}

/** Starts a guest and does not wait for it. The run ends when it has ended as well; what it throws is printed. */
export function* spawn(guest: Guest<unknown>): Guest<void> {
  yield { _tag: "Spawn", guest }
}

/** Prints a line. */
export function* print(text: string, stream: Output["stream"] = "stdout"): Guest<void> {
  yield { _tag: "Print", output: { stream, text: `${text}\n` } }
}

/** A session variable, or `undefined`. */
export function* load(name: string): Guest<unknown> {
  return yield { _tag: "Load", name }
}

/** Keeps a JSON value in the session, for this run and later ones. */
export function* store(name: string, value: unknown): Guest<void> {
  yield { _tag: "Store", name, value }
}

/** The virtual clock, milliseconds since the epoch. */
export function* now(): Guest<number> {
  return (yield { _tag: "Now" }) as number
}

/** The next number of the seeded sequence, in [0, 1). */
export function* random(): Guest<number> {
  return (yield { _tag: "Random" }) as number
}

/** Ends the run with a fatal failure: the machine is lost. */
export function* breakMachine(reason: string): Guest<never> {
  yield { _tag: "Break", reason }
  throw new Error("a broken machine goes no further")
}

/** Burns CPU time and never waits again: only the slice limit or an interruption ends it. */
export function* spin(): Guest<never> {
  yield { _tag: "Spin" }
  throw new Error("a spinning guest goes no further")
}
