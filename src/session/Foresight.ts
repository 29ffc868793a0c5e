/** Looks at the run that a session is to be opened for while there is no session, so that there is none if it would be refused. */
import * as Effect from "effect/Effect"
import type { Machines } from "../machine/Machine.ts"
import type { Admit } from "./Admitting.ts"
import * as Airlock from "./Airlock.ts"
import type { Authority } from "./Authority.ts"
import * as Entrance from "./Entrance.ts"
import { replay } from "./Replay.ts"
import { check as checkRun } from "./RunOptions.ts"
import type { Entry } from "./SessionEvent.ts"
import type { FirstRun } from "./SessionOptions.ts"
import { freshRunId } from "./SessionState.ts"

/** A session as it would begin. */
export interface Opening {
  readonly session: string
  readonly entries: ReadonlyArray<Entry>
  readonly tier: Machines["Service"]
  readonly authority: Authority
  readonly check: Admit
}

/** Fails as the run would for its token or its code. */
export const foresee = Effect.fnUntraced(function* (opening: Opening, { code, ...asked }: FirstRun) {
  const { authority, check, entries, session, tier } = opening
  const state = replay(entries)
  const { language, runId = freshRunId(state), source } = yield* checkRun(code, asked, tier.languages)
  const program = { run: runId, language, source, token: asked.token }
  const { rules } = Airlock.make(session, authority)
  const gate = { session, authority, admit: check, check, rules, keepsRules: tier.keepsRules }
  yield* Entrance.pass(gate, state, program)
})
