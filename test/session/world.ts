import { Context, Effect, Layer, Schema } from "effect"
import { Capability } from "../../src/capability/Capability.ts"
import * as Script from "../../src/machine/Script.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import type { OpenOptions, SessionsOptions } from "../../src/session/Sessions.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"

/** What the guests of these tests do. Every call reaches the outside only through the tools below. */
export const programs: Record<string, Script.GuestScript> = {
  *constant(value) {
    return value
  },
  *double(amount) {
    const doubled = yield* Script.call("math.double", { amount })
    return doubled
  },
  *remember(value) {
    yield* Script.store("kept", value)
    return value
  },
  *recall() {
    return yield* Script.load("kept")
  },
  *refund(amount) {
    const before = yield* Script.call("books.note", { text: "before" })
    const receipt = yield* Script.call("bank.refund", { amount })
    return { before, receipt }
  },
  *guardedRefund(amount) {
    try {
      return yield* Script.call("bank.refund", { amount })
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) }
    }
  },
  *three() {
    return yield* Script.all([
      Script.call("bank.pay", { amount: 1 }),
      Script.call("bank.pay", { amount: 2 }),
      Script.call("bank.pay", { amount: 3 })
    ])
  },
  *twice() {
    yield* Script.call("bank.pay", { amount: 1 })
    return yield* Script.call("bank.pay", { amount: 2 })
  },
  *many(count) {
    const attempt = function* (amount: number): Script.Guest<string> {
      try {
        return String(yield* Script.call("bank.pay", { amount }))
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    }
    return yield* Script.all(Array.from({ length: Number(count) }, (_, index) => attempt(index)))
  },
  *stray() {
    try {
      return yield* Script.call("math.guess", { amount: 1 })
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  },
  *race() {
    return yield* Script.race([Script.call("bank.pay", { amount: 1 }), Script.call("bank.slow", { amount: 2 })])
  },
  *slowly(amount) {
    return yield* Script.call("bank.slow", { amount })
  },
  *reads(count) {
    let sum = 0
    for (let index = 0; index < Number(count); index++)
      sum += Number(yield* Script.call("math.double", { amount: index }))
    return sum
  },
  *nap(millis) {
    yield* Script.sleep(Number(millis))
    return "awake"
  },
  *naps() {
    for (;;) yield* Script.sleep(300)
  },
  *shatter() {
    yield* Script.store("kept", "broken")
    return yield* Script.breakMachine("MemoryLimit")
  },
  *fail() {
    throw new TypeError("no such thing")
  }
}

/** What the outside saw: which handlers were entered, in order. */
export interface Outside {
  readonly entered: Array<string>
  readonly left: Array<string>
}

const Amount = Schema.Struct({ amount: Schema.Number })

export interface Hooks {
  readonly pay?: (amount: number) => Effect.Effect<void>
  readonly slow?: Effect.Effect<void>
}

export const toolkit = (outside: Outside, hooks: Hooks = {}) => {
  const seen = <A>(name: string, effect: Effect.Effect<A>) =>
    Effect.suspend(() => {
      outside.entered.push(name)
      return Effect.tap(effect, () => Effect.sync(() => outside.left.push(name)))
    })
  return Toolkit.make([
    Tool.make("math.double", {
      description: "Doubles a number",
      input: Amount,
      output: Schema.Number,
      readOnly: true,
      execute: ({ amount }) => seen(`double ${amount}`, Effect.succeed(amount * 2))
    }),
    Tool.make("books.note", {
      description: "Notes a text",
      input: Schema.Struct({ text: Schema.String }),
      output: Schema.String,
      idempotent: true,
      execute: ({ text }) => seen(`note ${text}`, Effect.succeed(`noted ${text}`))
    }),
    Tool.make("bank.pay", {
      description: "Pays an amount",
      input: Amount,
      output: Schema.String,
      execute: ({ amount }) => seen(`pay ${amount}`, Effect.as(hooks.pay?.(amount) ?? Effect.void, `paid ${amount}`))
    }),
    Tool.make("bank.slow", {
      description: "Pays an amount, slowly",
      input: Amount,
      output: Schema.String,
      execute: ({ amount }) => seen(`slow ${amount}`, Effect.as(hooks.slow ?? Effect.never, `paid ${amount}`))
    }),
    Tool.make("bank.refund", {
      description: "Refunds an amount",
      input: Amount,
      output: Schema.String,
      execute: ({ amount }) => seen(`refund ${amount}`, Effect.succeed(`refunded ${amount}`))
    })
  ])
}

export const capabilities = [
  Capability.make({ methods: "math/**" }),
  Capability.make({ methods: "books/*" }),
  Capability.make({ methods: ["bank/pay", "bank/slow"], maxCalls: 10 }),
  Capability.make({ methods: "bank/refund", where: { amount: { le: 100 } }, mode: "ask" })
]

/** One journal that outlives processes, and processes that come and go. */
export const makeWorld = Effect.gen(function* () {
  const journal = Context.get(yield* Layer.build(Layer.fresh(JournalMemory.layer)), Journal)
  const outside: Outside = { entered: [], left: [] }
  const process = (
    options?: SessionsOptions,
    known = programs,
    tier = Scripted.layer(known),
    written: Journal["Service"] = journal
  ) => {
    const shared = Layer.merge(Layer.succeed(Journal, written), tier)
    return Effect.map(
      Layer.build(Layer.fresh(Sessions.layer(options).pipe(Layer.provide(shared)))),
      Context.get(Sessions)
    )
  }
  const grants = (hooks?: Hooks) =>
    Effect.map(toolkit(outside, hooks), (toolkit): OpenOptions => ({ toolkit, capabilities }))
  return { journal, outside, process, grants }
})
