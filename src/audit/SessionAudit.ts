/**
 * Brings what happens in sessions into an audit log, and what looks like an attack to somebody's attention.
 *
 * U1. Every entry of a journal is audited once, in order: what a crash kept from the log is made up for when the session is
 *     held again.
 * U2. What a fork has of its source is the source's: a fork's own history begins with the fork.
 * U3. What the detector wants done makes a session stricter. To make it milder again is for a person.
 * U4. What the policy in force takes for a secret is taken out of what guests and tools say before it is hashed.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Meter from "../machine/Meter.ts"
import { InForce } from "../policy/InForce.ts"
import { JournalError, StorageFailed } from "../session/journal/Journal.ts"
import type { Entry, Stance } from "../session/SessionEvent.ts"
import { type Intervention, Witness } from "../session/Witness.ts"
import { Revocations } from "../token/Revocations.ts"
import type { AuditError } from "./AuditError.ts"
import type { NewEvent } from "./AuditEvent.ts"
import { AuditLog } from "./AuditLog.ts"
import type { Detector } from "./Detector.ts"
import type { Alert, Reaction } from "./detection/Alert.ts"
import * as SessionObservations from "./detection/SessionObservations.ts"
import { batchMax } from "./LogBatches.ts"
import { alerts as alertCounts, auditLag } from "./Metrics.ts"
import * as NoticeEvents from "./NoticeEvents.ts"
import * as Query from "./Query.ts"
import * as SessionEvents from "./SessionEvents.ts"
import * as Spoken from "./Spoken.ts"

interface Watched {
  account: SessionEvents.Account
  observer: SessionObservations.Observer
  /** The tokens in force, by their ids. */
  tokens: ReadonlyArray<string>
}

const stances: Readonly<Record<Reaction, Stance>> = {
  alert: "open",
  throttle: "throttled",
  pause: "asking",
  freeze: "frozen",
  revoke: "frozen"
}

/** Sessions that were let go of which the detector remembers how far it has seen them. */
const seenMax = 10_000

const failed = (cause: AuditError) =>
  new JournalError({ reason: new StorageFailed({ operation: "write the audit log", cause }) })

const alertEvent = (alert: Alert): NewEvent => {
  const { details, evidence, reaction, rule, run, session, severity, tenant, title } = alert
  const data = { id: alert.id, rule, severity, title, evidence: [...evidence], reaction, details }
  return { type: "alert", session, run, tenant, data: JSON.parse(JSON.stringify(data)) }
}

const tokensOf = ({ event }: Entry): ReadonlyArray<string> =>
  "token" in event && event.token !== undefined ? event.token.ids.slice(0, 1) : []

const interventionOf = ({ reaction, rule, title }: Alert): Intervention => ({
  stance: stances[reaction],
  reason: `${rule}: ${title}`
})

/** The last entry of a session of which the log has an event. */
const lastAudited = (directory: string, session: string): Effect.Effect<number, AuditError> =>
  Query.lines(directory, { session, limit: Number.MAX_SAFE_INTEGER }).pipe(
    Stream.runFold(
      () => 0,
      (last, line) => {
        const event = Query.eventOf(line)
        const entry = Result.isSuccess(event) ? event.success.data[SessionEvents.entryField] : undefined
        return typeof entry === "number" ? Math.max(last, entry) : last
      }
    )
  )

const make = Effect.fnUntraced(function* (directory: string, detector: Detector | undefined) {
  const log = yield* AuditLog
  const clock = yield* Clock.Clock
  const meter = yield* Meter.current
  const policyInForce = yield* InForce
  const revocations = yield* Effect.serviceOption(Revocations)
  const watched = new Map<string, Watched>()
  /** How far the detector has seen sessions: what is read again with a session that is held again is not seen twice. */
  const seen = new Map<string, number>()
  let state = detector?.initial

  const unseen = (session: string): Watched => ({
    account: SessionEvents.begin(session),
    observer: SessionObservations.begin({ session }),
    tokens: []
  })

  const appendAll = (events: ReadonlyArray<NewEvent>): Effect.Effect<unknown, AuditError> =>
    events.length <= batchMax
      ? log.appendAll(events)
      : Effect.andThen(log.appendAll(events.slice(0, batchMax)), () => appendAll(events.slice(batchMax)))

  const append = (said: ReadonlyArray<NewEvent>) =>
    Effect.flatMap(policyInForce, (policy) => {
      const events = policy === undefined ? said : said.map((event) => Spoken.withoutSecrets(policy.output, event))
      meter.move(auditLag, events.length)
      return Effect.ensuring(
        appendAll(events),
        Effect.sync(() => meter.move(auditLag, -events.length))
      )
    })

  const detect = (one: Watched, entry: Entry): ReadonlyArray<Alert> => {
    if (detector === undefined) return []
    const { session } = one.account
    const [observer, observations] = SessionObservations.observe(one.observer, entry)
    one.observer = observer
    if (entry.seq <= (seen.get(session) ?? 0)) return []
    seen.delete(session)
    seen.set(session, entry.seq)
    const [oldest] = seen.keys()
    if (oldest !== undefined && seen.size > seenMax) seen.delete(oldest)
    return observations.flatMap((observation) => {
      const [next, alerts] = detector.step(state ?? detector.initial, observation)
      state = next
      for (const { rule, severity } of alerts) meter.record(alertCounts[rule][severity], 1)
      return alerts
    })
  }

  /** What entries come to, in memory. */
  const follow = (one: Watched, entries: ReadonlyArray<Entry>) => {
    const events: Array<NewEvent> = []
    const raised: Array<{ readonly seq: number; readonly alert: Alert }> = []
    for (const entry of entries) {
      const [account, told] = SessionEvents.observe(one.account, entry)
      one.account = account
      one.tokens = [...one.tokens, ...tokensOf(entry)]
      const alerts = detect(one, entry)
      events.push(...told, ...alerts.map(alertEvent))
      raised.push(...alerts.map((alert) => ({ seq: entry.seq, alert })))
    }
    return { raised, events }
  }

  const revoke = (one: Watched) =>
    Option.match(revocations, {
      onNone: () => Effect.void,
      onSome: (service) =>
        Effect.forEach(
          one.tokens,
          (id) => Effect.ignore(service.revoke({ id, revokedMillis: clock.currentTimeMillisUnsafe() })),
          { discard: true }
        )
    })

  const react = Effect.fnUntraced(function* (one: Watched, alerts: ReadonlyArray<Alert>) {
    if (alerts.some(({ reaction }) => reaction === "revoke")) yield* revoke(one)
    return alerts.map(interventionOf)
  })

  const watch = (session: string): Watched => {
    const one = unseen(session)
    watched.set(session, one)
    return one
  }

  const see = Effect.fnUntraced(function* (session: string, entries: ReadonlyArray<Entry>) {
    const one = watched.get(session) ?? unseen(session)
    const { events, raised } = follow(one, entries)
    yield* append(events)
    return yield* react(
      one,
      raised.map(({ alert }) => alert)
    )
  }, Effect.mapError(failed))

  const attend = Effect.fnUntraced(function* (session: string, entries: ReadonlyArray<Entry>) {
    const forked = entries.findLast(({ event }) => event._tag === "Forked")?.seq ?? 1
    const last = Math.max(forked - 1, yield* lastAudited(directory, session))
    const isAudited = ({ seq }: Entry) => seq <= last
    const one = watch(session)
    const known = follow(one, entries.filter(isAudited))
    const missed = follow(
      one,
      entries.filter((entry) => !isAudited(entry))
    )
    yield* append(missed.events)
    // A crash may have come between an alert and what it led to. What stands behind it has been decided since.
    const guarded = entries.findLast(({ event }) => event._tag === "Guarded")?.seq ?? 0
    const unheeded = [...known.raised, ...missed.raised].filter(({ seq }) => seq > guarded)
    return yield* react(
      one,
      unheeded.map(({ alert }) => alert)
    )
  }, Effect.mapError(failed))

  const witness: Witness = {
    intervenes: detector !== undefined,
    begin: (session, entries) => {
      watch(session)
      return see(session, entries)
    },
    attend,
    see,
    notice: (notice) => {
      const { session } = notice
      const one = watched.get(session)
      if (one !== undefined && notice._tag === "TokenVerified") one.tokens = [...one.tokens, ...notice.ids.slice(0, 1)]
      const { run, tenant, trace } = one?.account ?? {}
      return Effect.mapError(append([{ ...NoticeEvents.eventOf(notice), session, run, tenant, trace }]), failed)
    },
    leave: (session) => Effect.sync(() => watched.delete(session))
  }
  return witness
})

/** Sessions under audit, with a log in a directory, and watched by a detector if there is one. */
export const layer = (directory: string, detector?: Detector | undefined): Layer.Layer<never, never, AuditLog> =>
  Layer.effect(Witness, make(directory, detector))
