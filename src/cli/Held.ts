/** Sessions of a home as subcommands hold them: with the tools that belong to them. */
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Approvals } from "../approval/Approvals.ts"
import type { Language } from "../capability/Language.ts"
import * as Home from "../home/Home.ts"
import type { RunResult } from "../session/RunResult.ts"
import type { Failure, Session } from "../session/Session.ts"
import type { Grants, OpenOptions } from "../session/SessionOptions.ts"
import { Sessions } from "../session/Sessions.ts"
import * as Toolkit from "../tool/Toolkit.ts"
import { commandLine } from "./CommandLine.ts"
import { live } from "./Live.ts"
import { UsageError } from "./Problem.ts"
import { type Address, report } from "./Report.ts"
import { defaultHome, root } from "./Root.ts"
import { Screen } from "./Screen.ts"
import * as ToolsModule from "./ToolsModule.ts"

/** Where a session is, and a tools module to use instead of the one that it was opened with. */
export interface Place {
  readonly home: string
  readonly tools?: string | undefined
}

/** Opens a home for an effect, or creates it, under the policy and the audit that the command line asks for. */
export const inHome =
  (directory: string, machines: Home.HomeOptions["machines"] = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(root, ({ audited, policy }) => {
      const audit = audited ? {} : undefined
      return Effect.provide(effect, Home.layer({ directory, machines: { threads: 1, ...machines }, policy, audit }))
    })

const existing = (directory: string) =>
  Effect.suspend(() => {
    if (existsSync(Home.journalFile(directory))) return Effect.void
    const message = `there are no sessions in ${directory}: give another --home, or set CAISSON_HOME`
    return Effect.fail(new UsageError({ reason: "NoHome", message }))
  })

/** Opens a home for an effect. Fails if there is none, rather than leaving an empty one behind. */
export const inExistingHome =
  (directory: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.andThen(existing(directory), inHome(directory)(effect))

/** Opens an existing home for an effect that only looks at its sessions: nobody is kept from holding and auditing them. */
export const lookingIn =
  (directory: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.andThen(existing(directory), Effect.provide(effect, Home.layer({ directory, machines: { threads: 1 } })))

/** Opens the inbox of an existing home for an effect. Nothing is held or run. */
export const inInbox =
  (directory: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.andThen(
      existing(directory),
      Effect.provide(effect, Approvals.layer.pipe(Layer.provide(Home.layerJournal({ directory }))))
    )

/** What the entry of a session's metadata is called that names its tools module. */
export const toolsEntry = "tools"

/** A session, and how later commands name it. */
interface Held {
  readonly session: Session
  readonly address: Address
  /** It was opened for this command, as the command asked for it. */
  readonly isNew: boolean
}

/** What a guest may do with a tools module; without one, nothing. */
const grantsOf = (file: string | undefined) =>
  file === undefined
    ? Effect.map(Toolkit.make([]), (toolkit): Grants => ({ toolkit, capabilities: [] }))
    : ToolsModule.load(file)

/** How later commands name a session, and stay under the same policy and audit. What the environment says needs no flag. */
export const addressOf = Effect.fnUntraced(function* (
  session: string,
  place: Place,
  metadata: Readonly<Record<string, string>>
) {
  const { audited, policy } = yield* root
  const { CAISSON_AUDITED: auditedBy, CAISSON_POLICY: policyBy } = process.env
  const address: Address = {
    session,
    flags: [
      ...(place.home === resolve(defaultHome) ? [] : ["--home", place.home]),
      ...(place.tools === undefined || place.tools === metadata[toolsEntry] ? [] : ["--tools", place.tools]),
      ...(policy === undefined || policyBy !== undefined ? [] : ["--policy", policy]),
      ...(audited && auditedBy === undefined ? ["--audited"] : [])
    ]
  }
  return address
})

/** A new session, held until the scope is closed. */
const open = Effect.fnUntraced(function* (place: Place, options: Omit<OpenOptions, keyof Grants>) {
  const metadata: Record<string, string> = place.tools === undefined ? {} : { [toolsEntry]: place.tools }
  const grants = yield* grantsOf(place.tools)
  const session = yield* Sessions.use((sessions) => sessions.open({ ...options, ...grants, metadata }))
  return { session, address: yield* addressOf(session.id, place, metadata), isNew: true } satisfies Held
})

/** An existing session, held until the scope is closed, with the tools that it was opened with or those of the place. */
export const resume = Effect.fnUntraced(function* (
  id: string,
  place: Place,
  options?: { readonly rebuild: boolean | undefined }
) {
  const sessions = yield* Sessions
  const { metadata } = yield* sessions.summary(id)
  const grants = yield* grantsOf(place.tools ?? metadata[toolsEntry])
  const session = yield* sessions.resume(id, { ...grants, ...options })
  return { session, address: yield* addressOf(id, place, metadata), isNew: false } satisfies Held
})

/** The session with this id if there is one; without an id, or if there is none, a new one. */
export const resumeOrOpen = (id: string | undefined, place: Place, options: Omit<OpenOptions, keyof Grants | "id">) => {
  if (id === undefined) return open(place, options)
  return resume(id, place).pipe(
    Effect.catchReason("JournalError", "SessionNotFound", () => open(place, { ...options, id })),
    // Somebody else opened it in between.
    Effect.catchReason("JournalError", "SessionExists", () => resume(id, place))
  )
}

/** An existing session for what needs no tools, held until the scope is closed. A run in progress stays where it is. */
export const resumeWithoutTools = Effect.fnUntraced(function* (id: string) {
  const grants = yield* grantsOf(undefined)
  return yield* Sessions.use((sessions) => sessions.resume(id, grants))
})

/** What a run of the session was written in, as its journal says. */
const languageOf = (session: string, run: string) =>
  Effect.map(
    Sessions.use((sessions) => sessions.entries(session)),
    (entries) =>
      entries.flatMap(({ event }) => (event._tag === "RunStarted" && event.run === run ? event.language : [])).at(-1)
  )

interface Shown {
  readonly format: "text" | "json"
  /** What the run is written in, if that is known already. */
  readonly language?: Language | undefined
}

/** Carries out an operation of a session and says what it came to. */
export const perform = Effect.fnUntraced(function* (
  { address, session }: Pick<Held, "address" | "session">,
  operation: Effect.Effect<RunResult, Failure | UsageError>,
  { format, language: known }: Shown
) {
  const { notes } = yield* Screen
  const resumeCommand = commandLine(["resume", address.session, ...address.flags])
  const result = yield* Effect.onInterrupt(format === "json" ? operation : live(session, operation), () =>
    notes.say(`caisson: stopped waiting; the run goes on with ${resumeCommand}`)
  )
  const language = known ?? (yield* languageOf(address.session, result.run))
  yield* report(result, { address, format, language })
})
