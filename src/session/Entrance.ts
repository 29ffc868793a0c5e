/**
 * What is looked at before a run is recorded: whether the session may run anything, the rules about its code, the token that it
 * brings, and whether a machine of its tier can be trusted with the rules that it has to keep.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { decider } from "../policy/machine/Decider.ts"
import type { MachineRules } from "../policy/machine/MachineRules.ts"
import { unkept } from "../policy/machine/Unkept.ts"
import * as Policy from "../policy/Policy.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { Admit } from "./Admitting.ts"
import { type Airlock, contextOf } from "./Airlock.ts"
import { type Authority, type Presented, presented } from "./Authority.ts"
import * as Ceilings from "./Ceilings.ts"
import { sha256 } from "./Digest.ts"
import type { JournalError } from "./journal/Journal.ts"
import { CodeRefused, RulesNotKept, RunInProgress, SessionError, SessionFrozen, TokenTooTight } from "./SessionError.ts"
import type { SessionState } from "./SessionState.ts"
import { Witness } from "./Witness.ts"

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

/** Rules that machines of the tier do not keep have to be kept before there is one, by what can be told of a program then. */
const kept = (rules: MachineRules | undefined, state: SessionState, program: Program, nowMillis: number) => {
  if (rules === undefined) return Effect.void
  const { language, source } = program
  const broken = unkept(rules, language, nowMillis)
  if (broken !== undefined) {
    const reason = new RulesNotKept({ template: state.template, language, ...broken })
    return Effect.fail(new SessionError({ reason }))
  }
  const refusal = language === "shell" ? decider(rules, () => nowMillis).text(source) : undefined
  if (refusal === undefined) return Effect.void
  const { reason: detail, rule = "" } = refusal
  return Effect.fail(new SessionError({ reason: new CodeRefused({ rule, detail }) }))
}

export interface Gatekeeping {
  readonly session: string
  readonly authority: Authority
  readonly admit: Admit
  /** The same, without using the token up. */
  readonly check: Admit
  /** What a machine has to keep to by itself. */
  readonly rules: Airlock["rules"]
  /** Whether machines of the session's tier do. */
  readonly keepsRules: boolean
}

/** Tells the witness of a refusal, but for those of tokens: they are told where tokens are verified. */
const tell = (session: string, { reason }: SessionError | TokenError | JournalError) => {
  const notice = (rule: string, reason: string) =>
    Witness.use((witness) => witness.notice({ _tag: "CodeRefused", session, rule, reason }))
  if (reason._tag === "CodeRefused") return notice(reason.rule, reason.detail)
  return reason._tag === "RulesNotKept" || reason._tag === "SessionFrozen" ? notice("", reason.message) : Effect.void
}

/**
 * Gives what the token of a run gives, and the rules of the run. A token cannot lower the limits of a session whose machine may be
 * alive already.
 */
export const pass = Effect.fnUntraced(
  function* (gate: Gatekeeping, state: SessionState, program: Program) {
    const { admit, authority, check, keepsRules, session } = gate
    yield* stopped(session, state)
    if (state.current !== undefined) {
      return yield* new SessionError({ reason: new RunInProgress({ run: state.current.id }) })
    }
    const rulesWith = Effect.fnUntraced(function* (token: Presented | undefined) {
      const rules = yield* gate.rules(state, { token })
      if (!keepsRules) yield* kept(rules, state, program, yield* Clock.currentTimeMillis)
      return { token, rules }
    })
    yield* permitted(authority, state, program)
    yield* spoken(authority, state, program)
    const withoutToken = yield* rulesWith(undefined)
    const { language, run, source, token } = program
    if (token === undefined) return withoutToken
    const { limits, template } = state
    const circumstances = { use: "execution", session, run, template, language, codeHash: sha256(source) } as const
    // A run that is refused for what its token says does not use it up.
    const given = yield* check(token, circumstances)
    const tighter = Ceilings.tighter(limits, given.limits)
    if (tighter !== undefined) {
      const witness = yield* Witness
      yield* witness.notice({ _tag: "TokenRefused", session, token: given.id, reason: "TokenTooTight" })
      return yield* new SessionError({ reason: new TokenTooTight(tighter) })
    }
    const passed = yield* rulesWith(presented(given, session))
    yield* admit(token, circumstances)
    return passed
  },
  (passing, { session }) => Effect.tapError(passing, (error) => tell(session, error))
)
