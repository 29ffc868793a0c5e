import { Context, Effect, Exit, Layer, Schema, Scope } from "effect"
import { Capability } from "../../src/capability/Capability.ts"
import type { Limits } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import { InForce } from "../../src/policy/InForce.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import type { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import type { RunOptions } from "../../src/session/RunOptions.ts"
import type { RunResult } from "../../src/session/RunResult.ts"
import type { Session } from "../../src/session/Session.ts"
import { type OpenOptions, Sessions } from "../../src/session/Sessions.ts"
import * as Admission from "../../src/token/Admission.ts"
import * as Nonces from "../../src/token/Nonces.ts"
import * as Revocations from "../../src/token/Revocations.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { policyOf } from "../policy/policies.ts"
import { completed } from "../session/results.ts"
import { ring } from "../token/tokens.ts"

export const tier = QuickJs.layer({ key: new Uint8Array(32).fill(1), threads: 1 })

/** What tools were called with, in order. */
export type Calls = Array<readonly [tool: string, input: unknown]>

const Order = Schema.Struct({ id: Schema.String, amount: Schema.Finite, disputed: Schema.Boolean })
const Place = Schema.Struct({ city: Schema.String, floor: Schema.optionalKey(Schema.Int) })

const orders: ReadonlyArray<typeof Order.Type> = [
  { id: "o-1", amount: 12.5, disputed: false },
  { id: "o-2", amount: 80, disputed: true },
  { id: "o-3", amount: 7, disputed: true }
]

export interface Handlers {
  readonly count?: (number: number) => Effect.Effect<void>
}

/** Tools that tell what they were called with. */
export const toolkit = (calls: Calls, handlers: Handlers = {}) => {
  const note = (tool: string, input: unknown) => Effect.sync(() => calls.push([tool, input]))
  return Toolkit.make([
    Tool.make("shop.orders.list", {
      description: "Lists the orders of a customer\nThe latest come first.",
      input: Schema.Struct({
        customer: Schema.String.annotate({ description: "the customer's id" }),
        limit: Schema.optionalKey(Schema.Int)
      }),
      output: Schema.Array(Order),
      readOnly: true,
      execute: (input) => Effect.as(note("list", input), orders.slice(0, input.limit))
    }),
    Tool.make("shop.refund", {
      description: "Pays money back",
      input: Schema.Struct({ order: Schema.String, amount: Schema.Finite }),
      output: Schema.String,
      execute: (input) => Effect.as(note("refund", input), `refunded ${input.amount} of ${input.order}`)
    }),
    Tool.make("mail.send", {
      description: "Sends a letter",
      input: Schema.Struct({
        to: Schema.Array(Schema.String),
        subject: Schema.String,
        priority: Schema.optionalKey(Schema.Literals(["low", "high"])),
        urgent: Schema.optionalKey(Schema.Boolean),
        copies: Schema.optionalKey(Schema.Int),
        weight: Schema.optionalKey(Schema.Finite),
        place: Schema.optionalKey(Place)
      }),
      output: Schema.Struct({ sent: Schema.Int }),
      execute: (input) => Effect.as(note("send", input), { sent: input.to.length })
    }),
    Tool.make("count", {
      description: "Counts",
      input: Schema.Struct({ number: Schema.Int }),
      output: Schema.Int,
      execute: ({ number }) =>
        note("count", number).pipe(Effect.andThen(handlers.count?.(number) ?? Effect.void), Effect.as(number + 1))
    })
  ])
}

export const everything = [Capability.make({ methods: "**" })]

/** A capability for everything, but for `shop/refund`, about which a person is asked. */
export const asking = [
  Capability.make({ methods: ["shop/orders/*", "mail/*", "count"] }),
  Capability.make({ methods: "shop/refund", mode: "ask" })
]

export interface WorldOptions extends Handlers {
  readonly capabilities?: OpenOptions["capabilities"]
  readonly limits?: typeof Limits.Encoded
  readonly token?: string
  /** The rules of the policy in force, as YAML. Default: there is no policy. */
  readonly policy?: string
  /** Made anew by every process. Default: one memory for all of them. */
  readonly journal?: Layer.Layer<Journal, unknown>
}

/** A session, the calls that reach the outside, and other processes that go on with it. */
export const makeWorld = Effect.fnUntraced(function* (options: WorldOptions = {}) {
  const { capabilities = everything, journal, limits, policy, token } = options
  const calls: Calls = []
  const grants = { toolkit: yield* toolkit(calls, options), capabilities }
  const inForce = policy === undefined ? undefined : policyOf(policy)
  const memory = Layer.succeedContext(yield* Layer.build(Layer.fresh(JournalMemory.layer)))
  const admission = Admission.layer(Effect.succeed(ring)).pipe(
    Layer.provide(Layer.merge(Revocations.layerMemory, Nonces.layerMemory))
  )
  const shared = Layer.mergeAll(
    journal ?? memory,
    admission,
    Layer.succeed(Machines, yield* Machines),
    Layer.succeed(InForce, Effect.succeed(inForce))
  )
  const process = Effect.map(
    Layer.build(Layer.fresh(Sessions.layer().pipe(Layer.provide(shared)))),
    Context.get(Sessions)
  )
  let held = yield* Scope.make()
  yield* Effect.addFinalizer((exit) => Scope.close(held, exit))
  const own = { ...grants, ...(limits && { limits }), ...(token !== undefined && { token }) }
  const open = Effect.flatMap(process, (sessions) => sessions.open(own))
  const session = yield* Scope.provide(open, held)
  /** The session as another process has it, from its snapshot or from what is recorded alone. */
  const again = Effect.fnUntraced(function* (how: { readonly rebuild?: boolean } = {}) {
    yield* Scope.close(held, Exit.void)
    held = yield* Scope.make()
    const resume = Effect.flatMap(process, (sessions) => sessions.resume(session.id, { ...grants, ...how }))
    return yield* Scope.provide(resume, held)
  })
  return { calls, session, again, process, grants }
})

export interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** How a script that was run to its end came out. */
export const endOf = (result: RunResult): Ended => {
  const { exitCode } = completed(result)
  return { stdout: result.stdout, stderr: result.stderr, exitCode }
}

/** Runs a script. */
export const shell = (session: Session, script: string, options?: RunOptions) =>
  session.run(script, { ...options, language: "shell" })

/** Runs a script to its end. */
export const end = (session: Session, script: string, options?: RunOptions) =>
  Effect.map(shell(session, script, options), endOf)

/** What a script that goes well prints. */
export const printed = Effect.fnUntraced(function* (session: Session, script: string) {
  const { exitCode, stderr, stdout } = yield* end(session, script)
  if (exitCode !== 0 || stderr !== "") return yield* Effect.die(`exit code ${exitCode}: ${stderr}`)
  return stdout
})

/** The value of JavaScript that goes well. */
export const valueOf = (session: Session, code: string) => Effect.map(session.run(code), completed)
