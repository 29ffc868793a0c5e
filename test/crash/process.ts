/**
 * One process of the crash tests: works at a session in a directory until it is done, or kills itself with SIGKILL at the
 * nth point that it passes (before and after every write to the journal, before and after every effect of a handler).
 *
 * Arguments: directory, n (0: never). Effects go to `effects.log` there, one line each; the last line on stdout is the outcome.
 */
import { appendFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Capability } from "../../src/capability/Capability.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import type { RunResult } from "../../src/session/RunResult.ts"
import type { Session } from "../../src/session/Session.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { runs } from "./runs.ts"

const [directory = "", pointText = "0"] = process.argv.slice(2)
const killAt = Number(pointText)
const effectsFile = join(directory, "effects.log")

let points = 0
const pass = () => {
  points++
  if (points === killAt) process.kill(process.pid, "SIGKILL")
}

const mortal = (journal: Journal["Service"]): Journal["Service"] => {
  const write = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.suspend(() => {
      pass()
      return Effect.tap(effect, () => Effect.sync(pass))
    })
  return {
    ...journal,
    create: (...args) => write(journal.create(...args)),
    claim: (...args) => write(journal.claim(...args)),
    append: (...args) => write(journal.append(...args)),
    decide: (...args) => write(journal.decide(...args)),
    release: (...args) => write(journal.release(...args))
  }
}

const Amount = Schema.Struct({ amount: Schema.Finite })

const tool = (name: string, options: { readonly readOnly?: boolean; readonly idempotent?: boolean }) =>
  Tool.make(name, {
    description: name,
    input: Amount,
    output: Schema.Finite,
    ...options,
    execute: ({ amount }, { idempotencyKey }) =>
      Effect.sync(() => {
        pass()
        appendFileSync(effectsFile, `${name} ${idempotencyKey}\n`)
        pass()
        return amount
      })
  })

const happened = (call: string) =>
  readFileSync(effectsFile, "utf8")
    .split("\n")
    .some((line) => line.endsWith(`/${call}`))

const settle = (session: Session, paused: Extract<RunResult, { _tag: "Paused" }>) => {
  const call = paused.calls[0]
  if (call === undefined) return Effect.die(new Error("the run waits for nobody"))
  if (call.needs === "decision") return session.answer(call.id, { _tag: "Approve" })
  const { amount } = JSON.parse(call.input) as { readonly amount: number }
  return session.reconcile(call.id, happened(call.id) ? { _tag: "Committed", value: amount } : { _tag: "NotCommitted" })
}

const work = Effect.gen(function* () {
  const sessions = yield* Sessions
  const toolkit = yield* Toolkit.make([
    tool("books.read", { readOnly: true }),
    tool("books.note", { idempotent: true }),
    tool("bank.pay", {}),
    tool("bank.ask", {})
  ])
  const capabilities = [
    Capability.make({ methods: ["books/**", "bank/pay"] }),
    Capability.make({ methods: "bank/ask", mode: "ask" })
  ]
  const exists = (yield* sessions.list({ limit: 1 })).length > 0
  const grants = { toolkit, capabilities }
  const session = yield* exists ? sessions.resume("main", grants) : sessions.open({ ...grants, id: "main", seed: "7" })
  const values: Array<unknown> = []
  for (const [index, code] of runs.entries()) {
    let result = yield* session.run(code, { runId: `run-${index}` })
    while (result._tag === "Paused") result = yield* settle(session, result)
    values.push(result._tag === "Completed" ? JSON.parse(result.value) : result.error)
  }
  return values
}).pipe(Effect.scoped)

const journal = Layer.effect(Journal, Effect.map(Journal, mortal)).pipe(
  Layer.provide(JournalSql.layer),
  Layer.provide(Sqlite.layer({ filename: join(directory, "journal.sqlite") }))
)
const layer = Sessions.layer().pipe(
  Layer.provide(Layer.merge(journal, QuickJs.layer({ key: new Uint8Array(32).fill(7), threads: 1 })))
)

appendFileSync(effectsFile, "")
const values = await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const context = yield* Layer.build(layer)
      return yield* Effect.provideService(work, Sessions, Context.get(context, Sessions))
    })
  )
)
console.log(JSON.stringify({ values, points }))
