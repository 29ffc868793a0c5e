/** What is looked at before a run is recorded: whether the session may run anything, the rules about its code, and the token that it brings. */
import * as Effect from "effect/Effect"
import * as Policy from "../policy/Policy.ts"
import type { Authority as TokenAuthority } from "../token/Authority.ts"
import type { Circumstances } from "../token/Circumstances.ts"
import type { TokenError } from "../token/TokenError.ts"
import { contextOf } from "./Airlock.ts"
import { type Authority, type Presented, presented } from "./Authority.ts"
import * as Ceilings from "./Ceilings.ts"
import { sha256 } from "./Digest.ts"
import type { JournalError } from "./Journal.ts"
import { CodeRefused, RunInProgress, SessionError, SessionFrozen, TokenTooTight } from "./SessionError.ts"
import type { SessionState } from "./SessionState.ts"
import { Witness } from "./Witness.ts"

/** Verifies a token for a use, and uses it up if it is good for one. */
export type Admit = (
  text: string,
  circumstances: Circumstances & { readonly session: string }
) => Effect.Effect<TokenAuthority, TokenError | SessionError | JournalError>

export interface Program {
  readonly run: string
  readonly language: string
  readonly source: string
  readonly token: string | undefined
}

/** Rules about code are hints: they keep honest mistakes out, and nobody who means harm. */
const permitted = Effect.fnUntraced(function* (authority: Authority, state: SessionState, program: Program) {
  const policy = yield* authority.policy
  if (policy === undefined) return
  const { language, source } = program
  const { effect, reason, rule } = Policy.decide(policy, { _tag: "Code", language, text: source }, contextOf(state))
  if (effect === "allow") return
  return yield* new SessionError({ reason: new CodeRefused({ rule: rule ?? "", detail: reason }) })
})

/** The languages of the tokens that the session was opened and is held with. */
const spoken = (authority: Authority, state: SessionState, { language }: Program) => {
  for (const token of [...authority.presented, ...(state.token === undefined ? [] : [state.token])]) {
    const { languages } = token
    if (languages === undefined || languages.includes(language)) continue
    const detail = `the session's token allows ${languages.join(", ") || "no language"}, not ${language}`
    return Effect.fail(new SessionError({ reason: new CodeRefused({ rule: token.ids[0] ?? "", detail }) }))
  }
  return Effect.void
}

const stopped = (session: string, { stance }: SessionState) =>
  stance === "frozen" ? Effect.fail(new SessionError({ reason: new SessionFrozen({ session }) })) : Effect.void

/** Gives what the token of a run gives. It cannot lower the limits of a session whose machine may be alive already. */
export const pass = Effect.fnUntraced(function* (
  session: string,
  authority: Authority,
  admit: Admit,
  state: SessionState,
  program: Program
) {
  const witness = yield* Witness
  yield* Effect.tapError(stopped(session, state), ({ reason }) =>
    witness.notice({ _tag: "CodeRefused", session, rule: "", reason: reason.message })
  )
  if (state.current !== undefined) {
    return yield* new SessionError({ reason: new RunInProgress({ run: state.current.id }) })
  }
  yield* Effect.andThen(permitted(authority, state, program), spoken(authority, state, program)).pipe(
    Effect.tapError(({ reason }) =>
      reason._tag === "CodeRefused"
        ? witness.notice({ _tag: "CodeRefused", session, rule: reason.rule, reason: reason.detail })
        : Effect.void
    )
  )
  const { language, run, source, token: text } = program
  if (text === undefined) return undefined
  const { limits, template } = state
  const token = yield* admit(text, { use: "execution", session, run, template, language, codeHash: sha256(source) })
  const tighter = Ceilings.tighter(limits, token.limits)
  if (tighter !== undefined) return yield* new SessionError({ reason: new TokenTooTight(tighter) })
  return presented(token, session) satisfies Presented
})
