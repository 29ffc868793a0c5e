/**
 * One inbox over all sessions of a journal: what waits for a person, and the decisions on it. Holds no session and runs nothing;
 * what is decided here is applied by whoever holds the session, now or later.
 *
 * Sessions in which something waits are found by their status, which is written with the entries that make it so. Only their
 * journals are read. A table of questions beside them would be a second truth, to be kept up with every write of every session,
 * to save a read that happens as often as a person looks.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Answer } from "../session/Answer.ts"
import * as Decision from "../session/Decision.ts"
import { Journal, type JournalError, type Summary } from "../session/journal/Journal.ts"
import { needsReconciling } from "../session/OpenCall.ts"
import * as Question from "../session/Question.ts"
import { AnswerRefused, InvalidOptions, SessionClosed, SessionError } from "../session/SessionError.ts"
import type { SessionState } from "../session/SessionState.ts"
import type { Toolkit } from "../tool/Toolkit.ts"
import * as ApprovalRequest from "./ApprovalRequest.ts"
import * as Cursor from "./Cursor.ts"

export type Failure = JournalError | SessionError

/** Who decides, and on what. */
export interface Deciding {
  /** The name that is recorded: 1 to 256 characters. It is taken as it is given; to know who it is is the caller's part. */
  readonly by: string
  /** The digest of the request that was shown. Another question under the same call's id is refused as `Stale`. */
  readonly digest?: string | undefined
}

export interface Approving extends Deciding {
  /** What the tool is called with instead (any plain value); checked and judged again by the holder before it is used. */
  readonly input?: unknown
  /** The tools of the session, to refuse at once an input that they cannot take. */
  readonly toolkit?: Toolkit | undefined
}

export interface Denying extends Deciding {
  /** What the guest is told; at most 4096 characters. */
  readonly reason?: string | undefined
}

export interface Page {
  readonly requests: ReadonlyArray<ApprovalRequest.ApprovalRequest>
  /** Where the next page begins; undefined after the last one. */
  readonly cursor: string | undefined
}

/** A request, and what was decided on its call: `pending` until a holder applies it, `stale` if it answered another question. */
export interface Details {
  readonly request: ApprovalRequest.ApprovalRequest
  readonly decisions: ReadonlyArray<Decision.RecordedDecision & { readonly fate: "pending" | "stale" }>
}

const limitMax = 500
const sessionsAtOnce = 64
/** Sessions looked at for one page. */
const sessionsMax = 1_024
const knownMax = 256
const reasonLengthMax = 4_096

const invalid = (option: string, detail: string) => new SessionError({ reason: new InvalidOptions({ option, detail }) })

const refuse = (call: string, why: AnswerRefused["why"], detail?: string) =>
  new SessionError({ reason: new AnswerRefused({ call, why, ...(detail === undefined ? {} : { detail }) }) })

const nameRule = "1 to 256 characters, none of them a control character"

const checkName = (by: unknown) =>
  typeof by === "string" && /^\P{Cc}{1,256}$/u.test(by) ? Effect.succeed(by) : Effect.fail(invalid("by", nameRule))

const checkLimit = (limit: number) =>
  Number.isInteger(limit) && limit >= 1 && limit <= limitMax
    ? Effect.succeed(limit)
    : Effect.fail(invalid("limit", `a whole number from 1 to ${limitMax}`))

/** Refuses an edited input that the tool cannot take. The gate is the holder's, and is not asked here. */
const checkInput = Effect.fnUntraced(function* (call: string, method: string, inputText: string, toolkit: Toolkit) {
  const prepared = toolkit.prepare({ id: call, path: method, arguments: `[${inputText}]` })
  if (Result.isSuccess(prepared)) return
  const { message, reason } = prepared.failure
  return yield* refuse(call, reason === "InvalidInput" ? "InvalidInput" : "InputDenied", message)
})

const make = Effect.gen(function* () {
  const journal = yield* Journal
  const seen = new Map<string, { readonly seq: number; readonly known: ApprovalRequest.Known }>()

  /** A journal is read again only when it has grown; what has nothing to say any more goes first. */
  const knownOf = Effect.fnUntraced(function* ({ seq, session }: Summary) {
    const last = seen.get(session)
    seen.delete(session)
    const known = last?.seq === seq ? last.known : ApprovalRequest.of(session, yield* journal.read(session, 0))
    seen.set(session, { seq: known.state.seq, known })
    const [oldest] = seen.keys()
    if (oldest !== undefined && seen.size > knownMax) seen.delete(oldest)
    return known
  })

  /** The requests of a session that nobody has decided on and that have not expired. */
  const undecided = Effect.fnUntraced(function* (summary: Summary) {
    const { requests } = yield* knownOf(summary)
    if (requests.length === 0) return []
    const recorded = yield* journal.decisions(
      summary.session,
      requests.map(({ call }) => call)
    )
    const decided = new Set(recorded.map(({ digest }) => digest))
    const nowMillis = yield* Clock.currentTimeMillis
    return requests.filter(
      ({ digest, expiresMillis = Number.POSITIVE_INFINITY }) => !decided.has(digest) && nowMillis < expiresMillis
    )
  })

  /** The rest of a session where the last page ended. */
  const remaining = Effect.fnUntraced(function* (at: Cursor.Position) {
    const requests = yield* undecided(yield* journal.summary(at.session))
    return requests.filter(({ place }) => ApprovalRequest.isAfter(place, at.place))
  })

  const list = Effect.fnUntraced(function* (options?: ListOptions) {
    const limit = yield* checkLimit(options?.limit ?? 50)
    const at = options?.cursor === undefined ? undefined : Cursor.parse(options.cursor)
    if (options?.cursor !== undefined && at === undefined) return yield* invalid("cursor", "one that a page ended with")
    const found: Array<ApprovalRequest.ApprovalRequest> = at === undefined ? [] : [...(yield* remaining(at))]
    let before = at?.session
    let looked = 0
    let isMore = true
    // One request more than the page holds shows that there is another page.
    while (isMore && found.length <= limit && looked < sessionsMax) {
      const summaries = yield* journal.list({ limit: sessionsAtOnce, status: "paused", before })
      for (const summary of summaries) {
        if (found.length > limit) break
        found.push(...(yield* undecided(summary)))
        before = summary.session
      }
      looked += summaries.length
      isMore = summaries.length === sessionsAtOnce
    }
    const requests = found.slice(0, limit)
    const last = requests.at(-1)
    if (found.length > limit && last !== undefined) return { requests, cursor: Cursor.after(last) }
    return { requests, cursor: isMore && before !== undefined ? Cursor.behind(before) : undefined }
  }, Effect.withSpan("Approvals.list"))

  const look = Effect.fnUntraced(function* (session: string) {
    const known = yield* knownOf(yield* journal.summary(session))
    if (known.state.seq === 0 || known.state.closed) {
      return yield* new SessionError({ reason: new SessionClosed({ session }) })
    }
    return known
  })

  const notAsking = (state: SessionState, call: string) => {
    const open = state.open.get(call)
    if (open === undefined && !HashMap.has(state.known, call)) return refuse(call, "UnknownCall")
    return refuse(call, open !== undefined && needsReconciling(open) ? "NeedsReconciling" : "NotWaiting")
  }

  const show = Effect.fnUntraced(function* (session: string, call: string) {
    const { requests, state } = yield* look(session)
    const request = requests.find((request) => request.call === call)
    if (request === undefined) return yield* notAsking(state, call)
    const recorded = yield* journal.decisions(session, [call])
    const decisions = recorded.map(
      (decision) => ({ ...decision, fate: decision.digest === request.digest ? "pending" : "stale" }) as const
    )
    return { request, decisions } satisfies Details
  }, Effect.withSpan("Approvals.show"))

  /** What was decided on a call that asks nothing any more, if anybody had to. */
  const earlier = Effect.fnUntraced(function* (
    { applied, state }: ApprovalRequest.Known,
    session: string,
    call: string
  ) {
    const recorded = yield* journal.decisions(session, [call])
    const decision = recorded.findLast(({ digest }) => applied.has(digest))
    if (decision === undefined || !HashMap.has(state.known, call)) return yield* notAsking(state, call)
    return { decision, isFirst: false } satisfies Decision.Decided
  })

  const decide = Effect.fnUntraced(function* (
    session: string,
    call: string,
    { digest, toolkit, ...said }: Approving,
    answer: Answer
  ) {
    const by = yield* checkName(said.by)
    const decision = Decision.fromAnswer(answer)
    if (Result.isFailure(decision)) return yield* refuse(call, "NotAValue", decision.failure.message)
    const known = yield* look(session)
    const request = known.requests.find((request) => request.call === call)
    if (request === undefined) return yield* earlier(known, session, call)
    if (digest !== undefined && digest !== request.digest) return yield* refuse(call, "Stale")
    const { approvers, expiresMillis = Number.POSITIVE_INFINITY, method } = request
    if (expiresMillis <= (yield* Clock.currentTimeMillis)) return yield* refuse(call, "Expired")
    if (!Question.mayDecide(approvers, by)) return yield* refuse(call, "NotAnApprover", approvers?.join(", "))
    const input = decision.success._tag === "Approve" ? decision.success.input : undefined
    if (input !== undefined) {
      if (Buffer.byteLength(input) > known.state.limits.argumentBytes) return yield* refuse(call, "TooLarge")
      if (toolkit !== undefined) yield* checkInput(call, method, input, toolkit)
    }
    return yield* journal.decide(session, { call, digest: request.digest, decision: decision.success, by })
  }, Effect.withSpan("Approvals.decide"))

  return Approvals.of({
    list,
    show,
    approve: (session, call, approving) =>
      decide(session, call, approving, {
        _tag: "Approve",
        ...(approving.input === undefined ? {} : { input: approving.input })
      }),
    deny: Effect.fnUntraced(function* (session, call, denying) {
      const { reason } = denying
      if (reason !== undefined && !(typeof reason === "string" && reason.length <= reasonLengthMax)) {
        return yield* invalid("reason", `a text of at most ${reasonLengthMax} characters`)
      }
      return yield* decide(session, call, denying, { _tag: "Deny", ...(reason === undefined ? {} : { reason }) })
    })
  })
})

export interface ListOptions {
  /** 1 to 500; default 50. */
  readonly limit?: number | undefined
  /** Where the page before ended. */
  readonly cursor?: string | undefined
}

export class Approvals extends Context.Service<
  Approvals,
  {
    /**
     * What waits for a decision, latest opened session first and within a session in the order in which it was asked. What somebody
     * has decided on is not in it, applied or not. A page may be shorter than its limit, and even empty, and still have a cursor.
     */
    readonly list: (options?: ListOptions) => Effect.Effect<Page, Failure>
    readonly show: (session: string, call: string) => Effect.Effect<Details, Failure>
    /** Gives the decision that counts: this one, or the one that was recorded before. */
    readonly approve: (session: string, call: string, approving: Approving) => Effect.Effect<Decision.Decided, Failure>
    /** As `approve`. */
    readonly deny: (session: string, call: string, denying: Denying) => Effect.Effect<Decision.Decided, Failure>
  }
>()("caisson/approval/Approvals") {
  static readonly layer: Layer.Layer<Approvals, never, Journal> = Layer.effect(Approvals, make)
}
