/** A machine for one scope: a session whose journal is memory, and which is gone with the scope. */
import * as Effect from "effect/Effect"
import { Journal } from "../session/journal/Journal.ts"
import * as JournalMemory from "../session/journal/JournalMemory.ts"
import type { RunOptions } from "../session/RunOptions.ts"
import type { Session } from "../session/Session.ts"
import type { OpenOptions } from "../session/SessionOptions.ts"
import * as Sessions from "../session/Sessions.ts"
import * as Toolkit from "../tool/Toolkit.ts"

/** Everything is optional: without a toolkit and capabilities the guest can compute, print and use its own files, nothing else. */
export type SandboxOptions = Partial<Omit<OpenOptions, "snapshots" | "id" | "metadata" | "firstRun">>

/** What a session can do, but for what only makes sense when it outlives its scope. */
export type Sandbox = Pick<Session, "run" | "answer" | "cancel" | "files" | "output" | "state">

/** Opens a sandbox, for a run if one is named; closing the scope ends its machine and forgets its state. */
export const open = Effect.fn("Sandbox.open")(function* (
  options: SandboxOptions & Pick<Sessions.OpenOptions, "firstRun"> = {}
) {
  const sessions = yield* Sessions.make({ machinesMax: 1 }).pipe(Effect.provideService(Journal, JournalMemory.make()))
  const toolkit = options.toolkit ?? (yield* Toolkit.make([]))
  const sandbox: Sandbox = yield* sessions.open({ capabilities: [], ...options, toolkit, snapshots: "never" })
  return sandbox
})

/** Runs one piece of code in a sandbox of its own. A token is one for this run. */
export const runOnce = Effect.fn("Sandbox.runOnce")(function* (
  code: string,
  options: SandboxOptions & RunOptions = {}
) {
  const { language, runId, token } = options
  const sandbox = yield* open({ ...options, token: undefined, firstRun: { code, language, runId, token } })
  return yield* sandbox.run(code, options)
}, Effect.scoped)
