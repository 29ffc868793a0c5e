/**
 * Drives the run in progress as far as it can go: starts handlers, gives answers, waits. What comes of it is recorded by `Turns`.
 *
 * D1. One driver at a time. It decides from the state alone, so that it may stop anywhere and another, in this process or
 *     the next, goes on.
 * D2. Calls, verdicts and (where their answers must not be lost) a snapshot are written before any handler starts.
 * D3. An answer is written before anything that the guest makes of it goes further, and meanwhile the guest goes on; one of a
 *     read-only tool is written at the latest with the next write. Where a witness may intervene, it is written first.
 * D4. The guest of a session that is frozen does not go on, and is written down as it stands. Handlers that have started end.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import type { MachineError, SnapshotMachine } from "../machine/Machine.ts"
import { outOfTime } from "../machine/OutOfTime.ts"
import type { Answer, Turn } from "../machine/Turn.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { Decisions } from "./Decisions.ts"
import type { JournalError } from "./journal/Journal.ts"
import * as Lapse from "./Lapse.ts"
import { expiries, heldBack, type Move, nextMove, type Until } from "./NextMove.ts"
import { canStart } from "./OpenCall.ts"
import type * as Recipe from "./Recipe.ts"
import { SessionError, ToolMissing } from "./SessionError.ts"
import { answered, unstarted } from "./SessionState.ts"
import * as Turns from "./Turns.ts"

type Failure = JournalError | MachineError | SessionError | TokenError

/** How long a session that is throttled waits before it starts handlers. */
const throttleMillis = 1_000

/** How often to look for decisions while a call waits for one. */
const lookEveryMillis = 500

export interface Runner {
  /** Until the run in progress has ended or nothing can go on without a person, the host or a sleep beyond a time. */
  readonly drive: (until: Until) => Effect.Effect<void, Failure>
  /** Stops a driver that may be at work, without ending its run, and keeps others out meanwhile. */
  readonly exclusively: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Between two turns: when the driver comes to it, or at once if none is at work. */
  readonly between: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Stops the driver for good: the session is let go. Runs in progress stay as they are in the journal. */
  readonly retire: Effect.Effect<void>
  /** Writes the guest down as it is, with the next entry, and gives what that has to say of it: of one that cannot be, nothing. */
  readonly keep: Turns.Turns["keep"]
  /** Ends the run in progress with an error; the guest goes back to where it was before. */
  readonly abort: Turns.Turns["abort"]
  /** Ends the run in progress and lets go of the machine: the session's time is over. */
  readonly expire: (message: string) => Effect.Effect<void, JournalError>
  readonly timing: Turns.Turns["timing"]
}

/**
 * How long a guest whose machine cannot do the same again waits before it is written down. Shorter waits are not worth it: if the
 * machine is lost meanwhile, its run is.
 */
const longWaitMillis = 2_000

interface Options extends Turns.TurnsOptions {
  readonly decisions: Pick<Decisions, "applyRecorded">
}

export const make = Effect.fnUntraced(function* (options: Options) {
  const { airlock, calls, decisions, guest, ledger, redactor, repeats } = options
  const clock = yield* Clock.Clock
  const turns = yield* Turns.make(options)
  let wallMillis = 0
  const driving = yield* Semaphore.make(1)
  let driver: Fiber.Fiber<unknown, unknown> | undefined
  let claimants = 0
  let visits: Array<Effect.Effect<void>> = []
  let retired = false

  const advance = (
    operate: (machine: SnapshotMachine) => Effect.Effect<Turn, MachineError | JournalError>,
    delivered: ReadonlyArray<string>,
    nowMillis: number
  ) =>
    Effect.flatMap(airlock.policy, (policy) => {
      redactor.begin(policy)
      return guest.advance(operate, turns.take(delivered, nowMillis))
    })

  const isFrozen = () => ledger.state().stance === "frozen"

  /** See D3. */
  const give = (answers: ReadonlyArray<{ readonly id: string; readonly answer: Answer }>) => {
    const nowMillis = clock.currentTimeMillisUnsafe()
    const ids = answers.map(({ id }) => id)
    const given = answers.map(({ answer }) => answer)
    const answer = (machine: SnapshotMachine) => machine.answer(given, nowMillis)
    const answerAndWrite = (machine: SnapshotMachine) =>
      Effect.zipWith(answer(machine), ledger.flush, (turn) => turn, { concurrent: true })
    const isWrittenBehind = answered(ledger.state()).every(({ call }) => call.readOnly)
    return Effect.flatMap(ledger.show, () =>
      isFrozen() ? Effect.void : advance(isWrittenBehind ? answer : answerAndWrite, ids, nowMillis)
    )
  }

  const start = (program: Extract<Recipe.Step, { readonly _tag: "Start" }>) => {
    const shown = airlock.shown([ledger.state().token, program.token])
    return advance((machine) => machine.start({ ...program, ...shown }), [], program.nowMillis)
  }

  const wait = Effect.fnUntraced(function* (untilMillis: number | undefined, wallLeftMillis: number) {
    yield* guest.rest
    if (calls.underWay() === 0) yield* ledger.flush
    const nowMillis = clock.currentTimeMillisUnsafe()
    const millis = Math.min(wallLeftMillis, untilMillis === undefined ? wallLeftMillis : untilMillis - nowMillis)
    const isLong = guest.isUnkept() && millis > longWaitMillis
    const signal = yield* Queue.take(calls.signals).pipe(
      Effect.timeoutOption(Math.max(0, isLong ? longWaitMillis : millis))
    )
    if (isLong && Option.isNone(signal)) yield* guest.keep
  })

  const carryOut = (move: Exclude<Move, { readonly _tag: "Stop" }>, wallLeftMillis: number) => {
    switch (move._tag) {
      case "Start":
        return start(move.program)
      case "Give":
        return give(move.answers)
      case "Wait":
        return wait(move.untilMillis, wallLeftMillis)
    }
  }

  const isLoss = (error: Failure): boolean =>
    !repeats && ["MachineLost", "ProcessLimit", "SnapshotTooLarge", "StateLost"].includes(error.reason._tag)

  /** What a lost machine was doing cannot be gone on with. */
  const endLost = ({ message, reason: { _tag } }: Failure) => {
    const reason = _tag === "SnapshotTooLarge" || _tag === "ProcessLimit" ? _tag : "MachineLost"
    return turns.abort({ name: "MachineError", message, reason })
  }

  const receive = Effect.suspend(() => {
    const due = visits
    visits = []
    return Effect.forEach(due, (visit) => visit, { discard: true })
  })

  const between: Runner["between"] = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.suspend(() => {
      const atRest = Effect.ensuring(effect, guest.rest)
      if (driver === undefined) return driving.withPermits(1)(atRest)
      const done = Deferred.makeUnsafe<A, E>()
      let isWanted = true
      visits.push(Effect.suspend(() => (isWanted ? Deferred.into(effect, done) : Effect.void)).pipe(Effect.asVoid))
      Queue.offerUnsafe(calls.signals, undefined)
      return Effect.onInterrupt(Deferred.await(done), () => Effect.sync(() => (isWanted = false)))
    })

  /** What was let through in another time, by another holder or before a rewind, is asked for its tokens once more. */
  const lookAgain = Effect.gen(function* () {
    for (const open of [...ledger.state().open.values()].filter(canStart)) {
      const denied = yield* airlock.lapsed(ledger.state(), open.call, clock.currentTimeMillisUnsafe())
      if (denied !== undefined) ledger.record(Lapse.answer(open, denied))
    }
  })

  /** Gives whether the driver came to its end, and not because somebody else claimed the session. */
  const goOn = Effect.fnUntraced(function* (until: Until) {
    let lookMillis = Number.NEGATIVE_INFINITY
    /** Time until the guest had a machine: that is not its own. What a machine does by itself before its first program is. */
    const readying = () => guest.timing.queueMillis + guest.timing.restoreMillis
    yield* lookAgain
    while (claimants === 0) {
      const startedMillis = clock.currentTimeMillisUnsafe()
      const readiedMillis = readying()
      if (guest.isLost())
        yield* Effect.catch(guest.admitLoss, (error) => (isLoss(error) ? endLost(error) : Effect.fail(error)))
      if (isFrozen()) yield* guest.preserve
      // The files are as they were when the run was recorded until it has made its first turn.
      if (unstarted(ledger.state()) === undefined) yield* receive
      // What was decided in time counts, so it is looked for before anything expires.
      if (startedMillis >= lookMillis || expiries(ledger.state(), startedMillis).length > 0) {
        lookMillis = startedMillis + lookEveryMillis
        yield* decisions.applyRecorded
      }
      ledger.record(...expiries(ledger.state(), startedMillis))
      ledger.record(...heldBack(ledger.state()))
      const startable = isFrozen() ? [] : [...ledger.state().open.values()].filter(canStart)
      const missing = startable.find(({ call }) => airlock.toolkit.find(call.method) === undefined)
      if (missing !== undefined) {
        return yield* new SessionError({ reason: new ToolMissing({ method: missing.call.method }) })
      }
      if (startable.length > 0 && ledger.state().stance === "throttled") yield* Effect.sleep(throttleMillis)
      yield* calls.start(startable)
      const state = ledger.state()
      const move = nextMove(state, clock.currentTimeMillisUnsafe(), calls.underWay(), { ...until, lookMillis })
      if (move._tag === "Start") wallMillis = 0
      const wallLeft = state.limits.wallMillis - wallMillis
      if (move._tag !== "Stop" && wallLeft <= 0) yield* turns.abort(outOfTime)
      if (move._tag === "Stop" || wallLeft <= 0) {
        if (state.current !== undefined) yield* Effect.catchIf(guest.keep, isLoss, endLost)
        yield* ledger.flush
        return true
      }
      const asleep = move._tag === "Wait" && calls.underWay() === 0
      yield* Effect.catchIf(carryOut(move, wallLeft), isLoss, endLost)
      const ownMillis = clock.currentTimeMillisUnsafe() - startedMillis - (readying() - readiedMillis)
      if (!asleep) wallMillis += ownMillis
    }
    return false
  }, Effect.ensuring(guest.rest))

  const steer = (until: Until) =>
    driving.withPermits(1)(
      Effect.gen(function* () {
        const steering = Effect.withFiber<boolean, Failure>((fiber) => {
          driver = fiber
          return goOn(until)
        })
        const fiber = yield* Effect.forkChild(steering, { startImmediately: true })
        const exit = yield* Fiber.await(fiber).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))
        driver = undefined
        yield* receive
        return Exit.hasInterrupts(exit) && claimants > 0 ? false : yield* exit
      })
    )

  const drive: Runner["drive"] = (until) =>
    Effect.flatMap(steer(until), (isAtEnd) => (isAtEnd || retired ? Effect.void : drive(until)))

  const exclusively: Runner["exclusively"] = (effect) =>
    Effect.suspend(() => {
      let claims = true
      claimants++
      const yieldClaim = Effect.sync(() => {
        if (claims) claimants--
        claims = false
      })
      const stop = driver === undefined ? Effect.void : Fiber.interrupt(driver)
      // The claim ends before the next driver may start, and also if it never came to that.
      const inTurn = driving.withPermits(1)(Effect.ensuring(effect, yieldClaim))
      return Effect.ensuring(Effect.andThen(stop, inTurn), yieldClaim)
    })

  const runner: Runner = {
    drive,
    exclusively,
    between,
    keep: turns.keep,
    retire: Effect.suspend(() => {
      retired = true
      claimants++
      return exclusively(guest.leave)
    }),
    abort: turns.abort,
    expire: (message) =>
      Effect.ensuring(turns.abort({ name: "LimitError", message, reason: "SessionExpired" }), guest.leave),
    timing: turns.timing
  }
  return runner
})
