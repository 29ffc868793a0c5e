import { Context, Effect, Exit, Layer, Option, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Capability } from "../../src/capability/Capability.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import type { Decision } from "../../src/session/Decision.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import { LocalOwner } from "../../src/session/Owner.ts"
import * as Question from "../../src/session/Question.ts"
import { effective, replay } from "../../src/session/Replay.ts"
import type { RunResult, WaitingCall } from "../../src/session/RunResult.ts"
import type { Session } from "../../src/session/Session.ts"
import { type Grants, Sessions } from "../../src/session/Sessions.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import type { Chance } from "./Chance.ts"
import * as Life from "./Life.ts"
import * as Plan from "./Plan.ts"

/** What must never happen, found while it happened. */
export interface Violation {
  readonly what: string
}

const Amount = Schema.Struct({ amount: Schema.Finite })

const capabilities = [
  Capability.make({ methods: ["bank/read", "bank/note", "bank/pay"] }),
  Capability.make({ methods: "bank/ask", mode: "ask" })
]

/** A sleeping run is given back at once: the simulation moves the clock itself. */
const noPatience = { patience: 0 }

/** How many processes may die before one is left in peace. */
const livesMax = 12

/** One journal, one outside world, and processes that die at points of a seeded choice. */
export const simulate = Effect.fnUntraced(function* (chance: Chance) {
  const journal = Context.get(yield* Layer.build(Layer.fresh(JournalMemory.layer)), Journal)
  const violations: Array<Violation> = []
  const effects = new Map<string, number>()
  const dead = new Set<string>()

  const entered = Effect.fnUntraced(function* (session: string, call: string) {
    const entries = effective(yield* Effect.orDie(journal.read(session, 0)))
    const isAnswered = entries.some(({ event }) => event._tag === "CallAnswered" && event.call === call)
    if (isAnswered) violations.push({ what: `${session}/${call} was asked again after its answer was recorded` })
  })

  const toolkit = (life: Life.Life) => {
    const tool = (name: string, options: { readOnly?: boolean; idempotent?: boolean; factor?: number }) =>
      Tool.make(`bank.${name}`, {
        description: name,
        input: Amount,
        output: Schema.Finite,
        ...options,
        execute: Effect.fnUntraced(function* ({ amount }, { callId, session }) {
          yield* life.point
          yield* entered(session, callId)
          const key = `${session}/${callId}`
          const times = (effects.get(key) ?? 0) + 1
          effects.set(key, times)
          const mayRepeat = options.readOnly === true || options.idempotent === true
          if (times > 1 && !mayRepeat) violations.push({ what: `${key} had its effect ${times} times` })
          if (chance.next() < 0.3) yield* Effect.yieldNow
          yield* life.point
          return amount * (options.factor ?? 1)
        })
      })
    return Effect.orDie(
      Toolkit.make([
        tool("read", { readOnly: true, factor: 2 }),
        tool("note", { idempotent: true }),
        tool("pay", {}),
        tool("ask", {})
      ])
    )
  }

  /** What a person says who does not hold the session, and whose own process does not die. */
  const decideElsewhere = Effect.fnUntraced(function* (session: string, call: string, decision: Decision) {
    const state = replay(yield* journal.read(session, 0))
    const open = state.open.get(call)
    if (open === undefined) return
    yield* journal.decide(session, { call, digest: Question.digestOf(state, open), decision, by: "somebody else" })
  })

  /** What a person who knows the outside world says. */
  const settle = (session: Session, call: WaitingCall) => {
    const { amount } = JSON.parse(call.input) as { readonly amount: number }
    if (call.needs === "reconciliation") {
      const happened = (effects.get(`${session.id}/${call.id}`) ?? 0) > 0 || session.id !== "main"
      return session.reconcile(
        call.id,
        happened ? { _tag: "Committed", value: amount } : { _tag: "NotCommitted" },
        noPatience
      )
    }
    const decision = Plan.isApproved(amount) ? ({ _tag: "Approve" } as const) : ({ _tag: "Deny" } as const)
    if (chance.next() < 0.5) return session.answer(call.id, decision, noPatience)
    return Effect.gen(function* () {
      yield* decideElsewhere(session.id, call.id, decision)
      return yield* Effect.flatMap(session.resume(noPatience), Effect.fromOption)
    }).pipe(Effect.orDie)
  }

  const toEnd = Effect.fnUntraced(function* (session: Session, first: RunResult) {
    let result = first
    for (let turns = 0; result._tag === "Paused" && turns < 200; turns++) {
      const [call, ...others] = result.calls
      if (call !== undefined && others[0] !== undefined && chance.next() < 0.5) {
        const both = [settle(session, call), settle(session, others[0])]
        result = (yield* Effect.all(both, { concurrency: "unbounded" }))[1] ?? result
      } else if (call !== undefined) result = yield* settle(session, call)
      else {
        yield* TestClock.adjust("2 minutes")
        result = Option.getOrElse(yield* session.resume(noPatience), () => result)
      }
    }
    return result
  })

  const process = Effect.fnUntraced(function* (life: Life.Life, scope: Scope.Scope) {
    const layer = Sessions.layer({ lease: "1 minute", machinesMax: 1 + chance.below(3) }).pipe(
      Layer.provide(Layer.merge(Layer.succeed(Journal, life.mortal(journal)), Scripted.layer({ plan: Plan.guest }))),
      Layer.provide(Layer.succeed(LocalOwner, { name: life.name, isDead: (name) => dead.has(name) }))
    )
    const sessions = Context.get(yield* Layer.buildWithScope(Layer.fresh(layer), scope), Sessions)
    const grants: Grants = { toolkit: yield* toolkit(life), capabilities }
    return { sessions, grants }
  })

  /** Lives one life: works at the plans until they are done or the process dies. */
  const live = Effect.fnUntraced(function* (life: Life.Life, plans: ReadonlyArray<Plan.Plan>) {
    const scope = yield* Scope.make()
    const work = Effect.gen(function* () {
      const { grants, sessions } = yield* process(life, scope)
      const exists = (yield* sessions.list({ limit: 10 })).some(({ session }) => session === "main")
      const held = exists ? sessions.resume("main", grants) : sessions.open({ ...grants, id: "main" })
      const session = yield* Scope.provide(held, scope)
      const totals: Array<unknown> = []
      for (const [index, plan] of plans.entries()) {
        const first = yield* session.run(`plan:${JSON.stringify(plan)}`, { runId: `run-${index}`, ...noPatience })
        const result = yield* toEnd(session, first)
        totals.push(result._tag === "Completed" ? JSON.parse(result.value) : result)
      }
      return totals
    })
    const outcome = yield* Effect.raceFirst(Effect.exit(work), Effect.as(life.died, undefined))
    if (life.isDead()) dead.add(life.name)
    yield* Scope.close(scope, Exit.void)
    return life.isDead() ? undefined : outcome
  })

  const fork = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan.Plan>) {
    const life = Life.make("forker", Number.POSITIVE_INFINITY)
    const scope = yield* Scope.make()
    const { grants, sessions } = yield* process(life, scope)
    const points = effective(yield* journal.read("main", 0))
    const at = points[chance.below(points.length)]?.seq ?? 1
    const id = yield* sessions.fork("main", { at, id: "fork" })
    const session = yield* Scope.provide(sessions.resume(id, grants), scope)
    const resumed = yield* session.resume(noPatience)
    const result = Option.isNone(resumed) ? undefined : yield* toEnd(session, resumed.value)
    yield* Scope.close(scope, Exit.void)
    if (result === undefined) return
    const index = Number(result.run.slice("run-".length))
    const expected = plans.slice(0, index + 1).reduce(Plan.totalAfter, 0)
    if (result._tag !== "Completed" || JSON.parse(result.value) !== expected) {
      violations.push({ what: `the fork at ${at} came to ${JSON.stringify(result)}, not to ${expected}` })
    }
  })

  const plans = Array.from({ length: 1 + chance.below(3) }, () => Plan.random(chance))
  for (let lives = 0; lives <= livesMax; lives++) {
    const points = lives === livesMax ? Number.POSITIVE_INFINITY : 1 + chance.below(40)
    const outcome = yield* live(Life.make(`process-${lives}`, points), plans)
    if (outcome === undefined) continue
    const expected = plans.map((_, index) => plans.slice(0, index + 1).reduce(Plan.totalAfter, 0))
    const found = outcome._tag === "Success" ? JSON.stringify(outcome.value) : String(outcome.cause)
    if (found !== JSON.stringify(expected))
      violations.push({ what: `came to ${found}, not to ${JSON.stringify(expected)}` })
    if (chance.next() < 0.3) yield* fork(plans)
    return { violations, lives: lives + 1, effects: effects.size }
  }
  violations.push({ what: "no process lived to the end" })
  return { violations, lives: livesMax, effects: effects.size }
})
