/**
 * A durable session as its holder uses it: run code, answer calls, go back, look inside.
 *
 * Whatever is recorded here can be continued by another process after this one has ended at any instruction.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { MachineError, Machines } from "../machine/Machine.ts"
import type { Output } from "../machine/Turn.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { Admit } from "./Admitting.ts"
import * as Airlock from "./Airlock.ts"
import type { Answer, Reconciliation } from "./Answer.ts"
import type { Authority } from "./Authority.ts"
import * as Calls from "./Calls.ts"
import * as Decisions from "./Decisions.ts"
import { sha256Of } from "./Digest.ts"
import * as Entrance from "./Entrance.ts"
import * as Files from "./Files.ts"
import * as Guest from "./Guest.ts"
import { Journal, type JournalError } from "./journal/Journal.ts"
import type { Ledger } from "./Ledger.ts"
import * as Lifetime from "./Lifetime.ts"
import * as Outputs from "./Outputs.ts"
import * as Redactor from "./Redactor.ts"
import { effective, reachable } from "./Replay.ts"
import type { Residents } from "./Residents.ts"
import * as Runner from "./Runner.ts"
import * as RunOptions from "./RunOptions.ts"
import * as RunResult from "./RunResult.ts"
import {
  AnswerRefused,
  PointNotFound,
  RunConflict,
  RunTakenBack,
  SessionError,
  SourceTooLarge
} from "./SessionError.ts"
import type { Entry, Stance } from "./SessionEvent.ts"
import type { OpenOptions, ResumeOptions } from "./SessionOptions.ts"
import { findRun, freshRunId, type Run, type SessionState } from "./SessionState.ts"
import type { Sessions } from "./Sessions.ts"
import { spanned } from "./Spanned.ts"
import * as Trace from "./Trace.ts"
import type { Snapshots } from "./Turns.ts"
import { Witness } from "./Witness.ts"

/** Everything that an operation of a session can fail with. What the guest does wrong is a result, not an error. */
export type Failure = SessionError | JournalError | MachineError | TokenError

export interface Session {
  readonly id: string
  /** Runs code until it ends or nothing can go on without a person, the host or a long sleep. */
  readonly run: (code: string, options?: RunOptions.RunOptions) => Effect.Effect<RunResult.RunResult, Failure>
  /** Answers a call that waits for a decision, and goes on. Answering it again changes nothing. */
  readonly answer: (
    call: string,
    answer: Answer,
    options?: RunOptions.WaitOptions
  ) => Effect.Effect<RunResult.RunResult, Failure>
  /** Says what became of a call whose outcome is unknown, and goes on. */
  readonly reconcile: (
    call: string,
    reconciliation: Reconciliation,
    options?: RunOptions.WaitOptions
  ) => Effect.Effect<RunResult.RunResult, Failure>
  /** Goes on with the run in progress; of an idle session, gives the last result again. None if nothing was ever run. */
  readonly resume: (options?: RunOptions.WaitOptions) => Effect.Effect<Option.Option<RunResult.RunResult>, Failure>
  /** Ends the run in progress. Its variables go back; its effects on the outside stay. */
  readonly cancel: (reason?: string) => Effect.Effect<void, Failure>
  /** Takes the session back to a recorded point. Budgets stay spent, effects on the outside stay. */
  readonly rewind: (seq: number) => Effect.Effect<void, Failure>
  /** Treats the session from now on as a person or the host says, who may also take back what a witness made of it. */
  readonly guard: (
    stance: Stance,
    said: { readonly reason: string; readonly by?: string | undefined }
  ) => Effect.Effect<void, Failure>
  /** Ends the session for good. Its journal stays until it is compacted. */
  readonly close: Effect.Effect<void, Failure>
  readonly state: () => SessionState
  /** Whether no machine of it is alive: whatever needs one next brings it back from the journal. */
  readonly isHibernated: () => boolean
  /** Every entry, from the first (or the one after `after`) on, and then each new one once it is durable. */
  readonly events: (options?: { readonly after?: number | undefined }) => Stream.Stream<Entry, JournalError>
  /** The guest's files. */
  readonly files: Files.Files
  /** Console output as it comes, from now on. The journal has it too, turn by turn. */
  readonly output: Stream.Stream<Output>
}

interface Options {
  readonly tier: Machines["Service"]
  readonly admit: Admit
  /** The same, without using a token up. */
  readonly check: Admit
  readonly ledger: Ledger
  readonly residents: Residents
  readonly authority: Authority
  readonly snapshots: Snapshots
}

/** Entries as they become durable, up to the one that closes the session. */
const durable = (journal: Journal["Service"], ledger: Ledger, after: number): Stream.Stream<Entry, JournalError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const written = yield* PubSub.subscribe(ledger.written)
      let position = after
      const more = Effect.suspend(() => journal.read(ledger.claim.session, position)).pipe(
        Effect.tap((entries) => Effect.sync(() => (position = entries.at(-1)?.seq ?? position)))
      )
      return Stream.concat(Stream.make(position), Stream.fromSubscription(written)).pipe(
        Stream.mapEffect(() => more),
        Stream.flatMap(Stream.fromIterable),
        Stream.takeUntil((entry) => entry.event._tag === "Closed")
      )
    })
  )

export const make = Effect.fnUntraced(function* (options: Options) {
  const { admit, authority, check, ledger, residents, snapshots, tier } = options
  const id = ledger.claim.session
  const journal = yield* Journal
  const clock = yield* Clock.Clock
  const witness = yield* Witness
  const outputs = Outputs.make()
  const redactor = Redactor.make()
  yield* Effect.addFinalizer(() => outputs.end)
  const airlock = Airlock.make(id, authority)
  const { toolkit } = airlock
  const guest = yield* Guest.make({
    tier,
    isEphemeral: snapshots === "never",
    ledger,
    residents,
    shown: ({ token }) => airlock.shown([ledger.state().token, token]),
    expected: { ends: snapshots === "eager", calls: airlock.effectful },
    onOutput: (output) => redactor.show(output).forEach(outputs.publish)
  })
  const calls = yield* Calls.make(ledger, toolkit)
  const decisions = yield* Decisions.make(ledger, airlock)
  const shown = { redactor, onOutput: outputs.publish }
  const { repeats } = tier
  const runner = yield* Runner.make({ repeats, ledger, guest, calls, airlock, decisions, snapshots, ...shown })
  yield* Effect.addFinalizer(() => runner.retire)
  const openOnly = yield* Lifetime.make({ ledger, runner, clock, totalMillis: tier.totalMillis })

  /** Reads off what has been used up from now on. */
  const meter = () => RunResult.meter(clock, { guest: guest.timing, calls: calls.timing, runner: runner.timing })

  const resultOf = (run: Run, metrics: (run: Run) => RunResult.RunMetrics) =>
    RunResult.of(id, ledger.state(), run, metrics(run))

  const drive = Effect.fnUntraced(function* (run: string, patience: RunOptions.Patience) {
    const metrics = meter()
    const nowMillis = clock.currentTimeMillisUnsafe()
    const { answerMillis, sleepMillis } = patience
    yield* runner.drive({ sleepMillis: nowMillis + sleepMillis, answerMillis: nowMillis + answerMillis })
    yield* ledger.tidy
    const now = findRun(ledger.state(), run)
    if (now === undefined) return yield* new SessionError({ reason: new RunTakenBack({ run }) })
    return resultOf(now, metrics)
  })

  const run: Session["run"] = Effect.fnUntraced(function* (code, options?: RunOptions.RunOptions) {
    yield* openOnly
    const {
      language,
      patience,
      runId = freshRunId(ledger.state()),
      source,
      trace
    } = yield* RunOptions.check(code, options, tier.languages)
    const codeHash = sha256Of(language, source)
    const state = ledger.state()
    const earlier = findRun(state, runId)
    if (earlier !== undefined) {
      if (earlier.codeHash !== codeHash) return yield* new SessionError({ reason: new RunConflict({ run: runId }) })
      return yield* follow(earlier, patience)
    }
    const bytes = Buffer.byteLength(source)
    if (bytes > state.limits.sourceBytes) {
      return yield* new SessionError({ reason: new SourceTooLarge({ bytes, bytesMax: state.limits.sourceBytes }) })
    }
    const program = { run: runId, language, source, token: options?.token }
    const gate = { session: id, authority, admit, check, rules: airlock.rules, keepsRules: tier.keepsRules }
    const { rules, token } = yield* Entrance.pass(gate, state, program)
    const begun = Effect.gen(function* () {
      yield* openOnly
      const own = yield* Trace.current
      ledger.record({
        _tag: "RunStarted",
        run: runId,
        ordinal: state.runsStarted + 1,
        language,
        source,
        codeHash,
        ...(token === undefined ? {} : { token }),
        ...(rules === undefined ? {} : { rules }),
        ...(own === undefined ? {} : { trace: own }),
        nowMillis: clock.currentTimeMillisUnsafe()
      })
      yield* ledger.flush
      return yield* drive(runId, patience)
    })
    return yield* Trace.ofRun({ session: id, run: runId }, trace, begun)
  })

  /** The result of a run: at once if it has ended, else as far as it can be driven. */
  const follow = (run: Run, patience: RunOptions.Patience) =>
    run.outcome === undefined
      ? Trace.ofRun({ session: id, run: run.id }, run.trace, drive(run.id, patience))
      : Effect.succeed(resultOf(run, meter()))

  /** Records what somebody said of a call, and goes on with the run that it belongs to. */
  const deciding = Effect.fnUntraced(function* (
    call: string,
    options: RunOptions.WaitOptions | undefined,
    decide: Effect.Effect<void, Failure>
  ) {
    yield* openOnly
    const patience = yield* RunOptions.patience(options)
    yield* decide
    Queue.offerUnsafe(calls.signals, undefined)
    const state = ledger.state()
    const run = Option.map(HashMap.get(state.known, call), (id) => findRun(state, id))
    if (Option.isSome(run) && run.value !== undefined) return yield* follow(run.value, patience)
    return yield* new SessionError({ reason: new AnswerRefused({ call, why: "UnknownCall" }) })
  })

  const resume: Session["resume"] = Effect.fnUntraced(function* (options?: RunOptions.WaitOptions) {
    yield* openOnly
    const patience = yield* RunOptions.patience(options)
    const run = ledger.state().current ?? ledger.state().last
    return run === undefined ? Option.none() : Option.some(yield* follow(run, patience))
  }, spanned("Session.resume"))

  const rewind: Session["rewind"] = Effect.fnUntraced(function* (seq) {
    yield* openOnly
    yield* runner.exclusively(
      Effect.gen(function* () {
        yield* ledger.flush
        const entries = effective(yield* journal.read(id, 0))
        if (!entries.some((entry) => entry.seq === seq)) {
          return yield* new SessionError({ reason: new PointNotFound({ session: id, seq }) })
        }
        if (!tier.repeats) yield* Effect.provideService(reachable(id, entries, seq), Journal, journal)
        yield* calls.cancel([...ledger.state().open.values()])
        yield* guest.drop
        yield* ledger.rewind(seq)
      })
    )
  }, spanned("Session.rewind"))

  const events = (after: number) => durable(journal, ledger, after)

  const session: Session = {
    id,
    run,
    answer: (call, answer, options) =>
      spanned("Session.answer")(deciding(call, options, decisions.answer(call, answer))),
    reconcile: (call, said, options) =>
      spanned("Session.reconcile")(deciding(call, options, decisions.reconcile(call, said))),
    resume,
    cancel: Effect.fnUntraced(function* (reason?: string) {
      yield* openOnly
      const error = { name: "CancelledError", message: reason ?? "the run was cancelled", reason: "Cancelled" }
      yield* runner.exclusively(runner.abort(error))
    }, spanned("Session.cancel")),
    rewind,
    guard: Effect.fnUntraced(function* (stance, { by, reason }) {
      yield* openOnly
      ledger.record({ _tag: "Guarded", stance, reason, ...(by === undefined ? {} : { by }) })
      yield* ledger.flush
      Queue.offerUnsafe(calls.signals, undefined)
    }, spanned("Session.guard")),
    close: runner.exclusively(
      Effect.gen(function* () {
        if (ledger.state().closed) return
        yield* runner.abort({ name: "CancelledError", message: "the session was closed", reason: "Cancelled" })
        yield* guest.drop
        ledger.record({ _tag: "Closed" })
        yield* ledger.flush
      })
    ),
    state: ledger.state,
    isHibernated: guest.isHibernated,
    files: Files.make({ ledger, guest, runner, clock, openOnly, events, witness }),
    events: (options) => events(options?.after ?? 0),
    output: outputs.stream
  }
  return session
})

/** `Sessions` makes sessions out of this module and so imports it: here it is known by its key alone. */
const sessions = Context.Service<Sessions, Sessions["Service"]>(
  "caisson/session/Sessions" satisfies (typeof Sessions)["key"]
)

/** A new session, held until the scope is closed. */
export const open = (options: OpenOptions) => sessions.use((service) => service.open(options))

/** An existing session, held until the scope is closed. Fails with `SessionBusy` while another holds it. */
export const resume = (id: string, options: ResumeOptions) => sessions.use((service) => service.resume(id, options))
