import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { JournalError } from "./journal/Journal.ts"
import type { Entry, Stance } from "./SessionEvent.ts"

/** What a witness wants done about a session. */
export interface Intervention {
  readonly stance: Stance
  readonly reason: string
}

/** What is no part of a session's journal: what was refused before it became one, what only looks, and the machines that come and go. */
export type Notice =
  | {
      /** A session is held again with a token; those of openings and runs are in the journal. */
      readonly _tag: "TokenVerified"
      readonly session: string
      readonly ids: ReadonlyArray<string>
      readonly key: string | undefined
    }
  | {
      readonly _tag: "TokenRefused"
      readonly session: string
      /** What the token says that its id is, if it can be read. */
      readonly token: string | undefined
      readonly reason: string
    }
  | { readonly _tag: "CodeRefused"; readonly session: string; readonly rule: string; readonly reason: string }
  | {
      /** The host has read a file of the guest, or all that is below a directory. */
      readonly _tag: "FileRead"
      readonly session: string
      readonly path: string
      readonly bytes: number
    }
  | {
      readonly _tag: "MachineStarted"
      readonly session: string
      readonly engine: string
      /** What it was restored from; a new one was booted. */
      readonly snapshot: string | undefined
    }
  | { readonly _tag: "MachineStopped"; readonly session: string; readonly reason: "parked" | "given up" }

/**
 * Whoever sees everything that happens in sessions: an audit log, a detector.
 *
 * I1. It sees the entries of a session in their order, each once they are durable, and nothing that depends on an entry is
 *     done outside of the guest before it has seen it. If it fails, the session goes no further.
 * I2. It is given all entries when a session is held again, so that it can make up for what a crash kept from it, and from
 *     the session.
 */
export interface Witness {
  /** It may want something done: no call is started before it has seen it. */
  readonly intervenes: boolean
  /** A session is new, and these are its entries. */
  readonly begin: (
    session: string,
    entries: ReadonlyArray<Entry>
  ) => Effect.Effect<ReadonlyArray<Intervention>, JournalError>
  /** A session that was held before is held from now on, and these are all of its entries so far. */
  readonly attend: Witness["begin"]
  /** What was recorded of a session that is held. */
  readonly see: Witness["begin"]
  readonly notice: (notice: Notice) => Effect.Effect<void, JournalError>
  /** The session is let go. */
  readonly leave: (session: string) => Effect.Effect<void>
}

/** By default nobody looks. */
export const Witness = Context.Reference<Witness>("caisson/session/Witness", {
  defaultValue: () => ({
    intervenes: false,
    begin: () => Effect.succeed([]),
    attend: () => Effect.succeed([]),
    see: () => Effect.succeed([]),
    notice: () => Effect.void,
    leave: () => Effect.void
  })
})
