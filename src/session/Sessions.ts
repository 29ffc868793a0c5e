/** All sessions of one journal, as one process sees them: opening, listing, forking, and letting go. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { decodeList } from "../capability/Capability.ts"
import { Limits } from "../machine/Limits.ts"
import { Machines } from "../machine/Machine.ts"
import * as Meter from "../machine/Meter.ts"
import { embedded, Tiers } from "../machine/Tiers.ts"
import { InForce } from "../policy/InForce.ts"
import { Revocations } from "../token/Revocations.ts"
import * as Admitting from "./Admitting.ts"
import * as Authority from "./Authority.ts"
import * as Ceilings from "./Ceilings.ts"
import { Entropy } from "./Entropy.ts"
import * as Foresight from "./Foresight.ts"
import { type Claim, Journal, type JournalError, type Owner, type Summary } from "./journal/Journal.ts"
import * as Ledger from "./Ledger.ts"
import * as Metrics from "./Metrics.ts"
import { LocalOwner } from "./Owner.ts"
import { effective, reachable, replay } from "./Replay.ts"
import * as Residents from "./Residents.ts"
import { idPattern, idRule, invalid, millis } from "./RunOptions.ts"
import { type Failure, make as makeSession, type Session } from "./Session.ts"
import { PointNotFound, SessionClosed, SessionError } from "./SessionError.ts"
import type { Entry } from "./SessionEvent.ts"
import type { ForkOptions, Grants, OpenOptions, ResumeOptions } from "./SessionOptions.ts"
import { dueMillis, statusOf } from "./SessionState.ts"
import { spanned } from "./Spanned.ts"
import type { Snapshots } from "./Turns.ts"
import { Witness } from "./Witness.ts"

export type * from "./SessionOptions.ts"

export interface SessionsOptions {
  /** Live machines at the same time; the sessions beyond are parked, least recently used first. Default 128. */
  readonly machinesMax?: number | undefined
  /** How long a session stays with a process that has stopped answering; default 15 seconds. */
  readonly lease?: Duration.Input | undefined
  /** How long the journals of closed sessions are kept; their summaries stay for good. Default 30 days. */
  readonly retention?: Duration.Input | undefined
  /** What this installation is called in tokens that are meant for it alone. */
  readonly audience?: string | undefined
}

/** How often journals are looked through for what need not be kept any more; a short-lived process never does. */
const compactionMillis = 600_000

const leaseMillisOf = ({ lease }: SessionsOptions) => Duration.toMillis(Duration.fromInputUnsafe(lease ?? "15 seconds"))

const checkId = (id: string) => (idPattern.test(id) ? Effect.succeed(id) : Effect.fail(invalid("id", idRule)))

const decodeLimits = Schema.decodeUnknownEffect(Limits, { onExcessProperty: "error", errors: "all" })

const checkLimits = (limits: typeof Limits.Encoded) =>
  Effect.mapError(decodeLimits(limits), (error) => invalid("limits", error.message))

/** Sessions whose lease nobody renews, and whose journals nobody compacts: see `layer`. */
export const make = Effect.fnUntraced(function* (options: SessionsOptions) {
  const journal = yield* Journal
  const machines = yield* Machines
  const owner: Owner = yield* LocalOwner
  const clock = yield* Clock.Clock
  const entropy = yield* Entropy
  const meter = yield* Meter.current
  meter.show(Metrics.all)
  const tiers = yield* Tiers
  const tierOf = (template: string) => (template === embedded ? Effect.succeed(machines) : tiers(template))
  const rooms = Option.getOrElse(yield* Effect.serviceOption(Residents.Rooms), () => Residents.Rooms.make(meter))
  const common = Residents.make(options.machinesMax ?? 128, meter)
  const leaseMillis = leaseMillisOf(options)
  const services = Context.make(Journal, journal)

  const compact = (age: Duration.Input) =>
    Effect.flatMap(millis("age", age), (ageMillis) => journal.compact(clock.currentTimeMillisUnsafe() - ageMillis))

  const policy = yield* InForce
  const witness = yield* Witness
  const revocations = yield* Effect.serviceOption(Revocations)
  const isRevoked = Option.match(revocations, {
    onNone: () => Authority.unrestricted.isRevoked,
    onSome: ({ current }) => current
  })

  const admitting = yield* Admitting.make(options.audience)
  const admit = admitting("admit")
  const check = admitting("check")

  const authority = Effect.fnUntraced(function* (grants: Grants, tokens: ReadonlyArray<Authority.Presented>) {
    const capabilities = decodeList(grants.capabilities)
    if (Result.isFailure(capabilities)) return yield* invalid("capabilities", capabilities.failure.message)
    return {
      toolkit: grants.toolkit,
      capabilities: capabilities.success,
      decisionMillis: yield* millis("decision", grants.decision ?? "7 days"),
      presented: tokens,
      policy,
      isRevoked
    } satisfies Authority.Authority
  })

  const hold = Effect.fnUntraced(function* (
    tier: Machines["Service"],
    claim: Claim,
    entries: ReadonlyArray<Entry>,
    grants: Authority.Authority,
    snapshots: Snapshots,
    meet: Witness["attend"]
  ) {
    yield* Effect.acquireRelease(meet(claim.session, entries), () => witness.leave(claim.session))
    const countOpen = (by: number) => Effect.sync(() => meter.move(Metrics.sessionsOpen, by))
    yield* Effect.acquireRelease(countOpen(1), () => countOpen(-1))
    const ledger = yield* Ledger.make(claim, entries)
    if ([...ledger.state().open.values()].some((open) => open.receipt === "started" && open.outcome === undefined)) {
      ledger.record({ _tag: "TakenOver", epoch: claim.epoch })
      yield* ledger.flush
    }
    yield* Effect.addFinalizer(() => Effect.ignore(ledger.flush))
    const residents = tier.room === undefined ? common : rooms.of(tier.room)
    const session = yield* makeSession({ tier, ledger, residents, authority: grants, snapshots, admit, check })
    return { ledger, session }
  })

  const held = (claim: Effect.Effect<Claim, JournalError>) =>
    Effect.acquireRelease(claim, (claim) => Effect.ignore(journal.release(claim)))

  const create = (id: string, entries: ReadonlyArray<Entry>) => {
    const state = replay(entries)
    return journal.create(
      {
        session: id,
        template: state.template,
        metadata: state.metadata,
        entries,
        snapshots: [],
        status: statusOf(state),
        dueMillis: dueMillis(state)
      },
      owner,
      leaseMillis
    )
  }

  const open = Effect.fnUntraced(
    function* (options: OpenOptions) {
      const id = yield* checkId(options.id ?? `s-${entropy(10)}`)
      const { metadata = {}, template = embedded } = options
      const tier = yield* tierOf(template)
      const asked = yield* checkLimits({ ...tier.limits, ...options.limits })
      const own = yield* authority(options, [])
      const token =
        options.token === undefined ? undefined : yield* admit(options.token, { use: "session", session: id, template })
      const inForce = yield* policy
      const context = { template, tenant: metadata["tenant"], labels: metadata }
      const ceilings = inForce === undefined ? {} : Ceilings.ofPolicy(inForce, context)
      const ofFirstRun = Admitting.claimedLimits(options.firstRun?.token ?? "")
      const forAll = Ceilings.lowered(asked, ceilings, token?.limits)
      const { memoryMebibytes = ofFirstRun.memoryMebibytes } = tier.limits ?? {}
      const limits = yield* checkLimits(Ceilings.lowered(forAll, {}, { ...ofFirstRun, memoryMebibytes }))
      const { memoryMebibytes: fixed = limits.memoryMebibytes } = tier.limits ?? {}
      if (limits.memoryMebibytes !== fixed) {
        return yield* invalid("limits", `memoryMebibytes: machines of ${template} have ${fixed}`)
      }
      const entries: ReadonlyArray<Entry> = [
        {
          seq: 1,
          atMillis: clock.currentTimeMillisUnsafe(),
          event: {
            _tag: "Opened",
            template,
            engine: tier.engine,
            seed: options.seed ?? entropy(16),
            limits,
            metadata,
            ...(token === undefined ? {} : { token: Authority.presented(token, id) })
          }
        }
      ]
      if (options.firstRun !== undefined) {
        const opening = { session: id, entries, tier, authority: own, check }
        yield* Foresight.foresee(opening, options.firstRun)
      }
      const claim = yield* held(create(id, entries))
      return (yield* hold(tier, claim, entries, own, options.snapshots ?? "eager", witness.begin)).session
    },
    Effect.provideContext(services),
    spanned("Sessions.open")
  )

  /** What a token gives to a session that exists. */
  const readmitted = Effect.fnUntraced(function* (session: string, token: string) {
    const { template } = yield* journal.summary(session)
    return Authority.presented(yield* admit(token, { use: "session", session, template }), session)
  })

  const resume = Effect.fnUntraced(
    function* (id: string, options: ResumeOptions) {
      const tokens = options.token === undefined ? [] : [yield* readmitted(id, options.token)]
      const own = yield* authority(options, tokens)
      const claim = yield* held(journal.claim(id, owner, leaseMillis))
      const entries = yield* journal.read(id, 0)
      if (entries.length === 0) return yield* new SessionError({ reason: new SessionClosed({ session: id }) })
      const tier = yield* tierOf(replay(entries).template)
      if (options.rebuild === true && !tier.repeats) {
        return yield* invalid("rebuild", "machines of this template do not do the same again")
      }
      const { ledger, session } = yield* hold(tier, claim, entries, own, "eager", witness.attend)
      for (const { ids, key } of tokens) yield* witness.notice({ _tag: "TokenVerified", session: id, ids, key })
      if (options.rebuild === true) yield* ledger.forget()
      return session
    },
    Effect.provideContext(services),
    spanned("Sessions.resume")
  )

  const fork = Effect.fnUntraced(function* (source: string, options?: ForkOptions) {
    const id = yield* checkId(options?.id ?? `s-${entropy(10)}`)
    const entries = (yield* journal.read(source, 0)).filter((entry) => entry.event._tag !== "Closed")
    const last = entries.at(-1)?.seq
    if (last === undefined) return yield* new SessionError({ reason: new SessionClosed({ session: source }) })
    const seq = options?.at ?? last
    if (!effective(entries).some((entry) => entry.seq === seq) && seq !== last) {
      return yield* new SessionError({ reason: new PointNotFound({ session: source, seq }) })
    }
    const tier = yield* tierOf(replay(entries).template)
    if (!tier.repeats) yield* Effect.provideContext(reachable(source, effective(entries), seq), services)
    const copied = entries.filter((entry) => entry.seq <= seq)
    const mark: Entry = {
      seq: seq + 1,
      atMillis: clock.currentTimeMillisUnsafe(),
      event: { _tag: "Forked", session: source, seq }
    }
    yield* Effect.scoped(held(create(id, [...copied, mark])))
    return id
  }, spanned("Sessions.fork"))

  return Sessions.of({
    open,
    resume,
    fork,
    list: journal.list,
    summary: journal.summary,
    entries: (id) => journal.read(id, 0),
    compact,
    machines: () => Residents.sizeOf([common, rooms])
  })
})

/** Renews this process's leases and compacts old journals, as long as the scope is open. */
const upkeep = Effect.fnUntraced(function* (sessions: Sessions["Service"], options: SessionsOptions) {
  const journal = yield* Journal
  const owner: Owner = yield* LocalOwner
  const leaseMillis = leaseMillisOf(options)
  // A renewal that fails is not fatal: writes are fenced by the epoch, and the next one may succeed.
  yield* Effect.ignore(journal.renew(owner, leaseMillis)).pipe(
    Effect.repeat(Schedule.spaced(Duration.millis(leaseMillis / 3))),
    Effect.forkScoped
  )
  yield* Effect.ignore(sessions.compact(options.retention ?? "30 days")).pipe(
    Effect.delay(compactionMillis),
    Effect.forever,
    Effect.forkScoped
  )
})

export class Sessions extends Context.Service<
  Sessions,
  {
    /** A new session, held until the scope is closed. */
    readonly open: (options: OpenOptions) => Effect.Effect<Session, Failure, Scope.Scope>
    /** An existing session, held until the scope is closed. Fails with `SessionBusy` while another holds it. */
    readonly resume: (id: string, options: ResumeOptions) => Effect.Effect<Session, Failure, Scope.Scope>
    /** A new session with the same past, up to a point; gives its id. The source may be held by anybody, or closed. */
    readonly fork: (source: string, options?: ForkOptions) => Effect.Effect<string, Failure>
    readonly list: (options: {
      readonly limit: number
      readonly offset?: number | undefined
    }) => Effect.Effect<ReadonlyArray<Summary>, JournalError>
    readonly summary: (id: string) => Effect.Effect<Summary, JournalError>
    readonly entries: (id: string) => Effect.Effect<ReadonlyArray<Entry>, JournalError>
    /** Drops journals of sessions closed longer ago than this; their summaries stay. Gives how many. */
    readonly compact: (age: Duration.Input) => Effect.Effect<number, JournalError | SessionError>
    /** Live machines now, and how many of them could be taken from their sessions. */
    readonly machines: () => { readonly live: number; readonly resting: number }
  }
>()("caisson/session/Sessions") {
  static readonly layer = (options: SessionsOptions = {}) =>
    Layer.effect(
      Sessions,
      Effect.tap(make(options), (sessions) => upkeep(sessions, options))
    )
}
