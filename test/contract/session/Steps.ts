import { join } from "node:path"
import { assert, type Vitest } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { Capability } from "../../../src/capability/Capability.ts"
import { Machines } from "../../../src/machine/Machine.ts"
import * as JournalSql from "../../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../../src/session/journal/Sqlite.ts"
import type { RunResult } from "../../../src/session/RunResult.ts"
import type { Session } from "../../../src/session/Session.ts"
import { type OpenOptions, Sessions } from "../../../src/session/Sessions.ts"
import * as Tool from "../../../src/tool/Tool.ts"
import * as Toolkit from "../../../src/tool/Toolkit.ts"
import type { Programs } from "./Programs.ts"
import type { Traits } from "./Traits.ts"

/** Where one suite has its journal and its machines. */
export class Place extends Context.Service<
  Place,
  {
    readonly directory: string
    readonly machines: Machines["Service"]
    /** The same machines as another process has them. */
    readonly elsewhere: Layer.Layer<Machines, unknown>
  }
>()("test/contract/session/Place") {}

/** Registers tests that get their sessions from the tier under test. */
export type It = Vitest.MethodsNonLive<Place>

export interface Subject {
  readonly programs: Programs
  readonly traits: Traits
}

/** Sessions of one process, until the scope is closed: what they have in common with those of others is on disk. */
export const home = Effect.fnUntraced(function* (changed: Partial<Machines["Service"]> = {}) {
  const { directory, machines } = yield* Place
  const journal = JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename: join(directory, "contract.sqlite") })))
  const layer = Sessions.layer().pipe(
    Layer.provide(journal),
    Layer.provide(Layer.succeed(Machines, { ...machines, ...changed }))
  )
  return Context.get(yield* Layer.build(Layer.fresh(layer)), Sessions)
})

/** The same in a process that has nothing else in common with others. */
export const otherHome = Effect.gen(function* () {
  const { elsewhere } = yield* Place
  return yield* home(Context.get(yield* Layer.build(Layer.fresh(elsewhere)), Machines))
})

const Amount = Schema.Struct({ amount: Schema.Finite })

/** What a session may do, and the effects that its calls had. `paying` is what the handler of `pay` does before it is done. */
export const grants = Effect.fnUntraced(function* (
  { traits }: Subject,
  paying: (amount: number) => Effect.Effect<void> = () => Effect.void
) {
  const entered: Array<string> = []
  const tool = (name: string, result: (amount: number) => Effect.Effect<string>, readOnly = false) =>
    Tool.make(name, {
      description: `does ${name}`,
      input: Amount,
      output: Schema.String,
      readOnly,
      execute: ({ amount }) =>
        Effect.suspend(() => {
          entered.push(`${name} ${amount}`)
          return result(amount)
        })
    })
  const toolkit = yield* Toolkit.make([
    tool("double", (amount) => Effect.succeed(`${amount * 2}`), true),
    tool("pay", (amount) => Effect.as(paying(amount), `paid ${amount}`)),
    tool("refund", (amount) => Effect.succeed(`refunded ${amount}`)),
    tool("drain", (amount) => Effect.succeed(`drained ${amount}`))
  ])
  const capabilities = [
    Capability.make({ methods: "double" }),
    Capability.make({ methods: "pay", where: { amount: { le: 100 } }, maxCalls: 3 }),
    Capability.make({ methods: "refund", mode: "ask" })
  ]
  return { entered, options: { toolkit, capabilities, limits: traits.limits } satisfies OpenOptions }
})

/** A session of a process of its own, and the effects of its calls. */
export const opened = Effect.fnUntraced(function* (subject: Subject, options: Partial<OpenOptions> = {}) {
  const sessions = yield* home()
  const granted = yield* grants(subject)
  const session = yield* sessions.open({ ...granted.options, ...options })
  return { ...granted, sessions, session, run: running(subject, session) }
})

/** Runs programs that are put after each other. */
export const running =
  ({ programs: { language } }: Subject, session: Session) =>
  (...programs: ReadonlyArray<string>) =>
    session.run(programs.join("\n"), { language })

/** The lines that a completed run has printed. */
export const said = (result: RunResult): ReadonlyArray<string> => {
  assert.strictEqual(result._tag, "Completed", JSON.stringify(result))
  return result.stdout.split("\n").slice(0, -1)
}

/** Why a run failed, and whether its variables went back. */
export const failure = (result: RunResult) => {
  assert.strictEqual(result._tag, "Failed", JSON.stringify(result))
  return result._tag === "Failed" ? [result.error.reason, result.rolledBack] : []
}
