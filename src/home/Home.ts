/** A directory in which sessions are kept, and everything that a process needs to work with them. */
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { Approvals } from "../approval/Approvals.ts"
import { Machines } from "../machine/Machine.ts"
import { Tiers } from "../machine/Tiers.ts"
import * as QuickJs from "../quickjs/QuickJs.ts"
import type { Journal } from "../session/journal/Journal.ts"
import * as JournalMemory from "../session/journal/JournalMemory.ts"
import * as JournalSql from "../session/journal/JournalSql.ts"
import * as Sqlite from "../session/journal/Sqlite.ts"
import { Rooms } from "../session/Residents.ts"
import { Sessions, type SessionsOptions } from "../session/Sessions.ts"
import * as Admission from "../token/Admission.ts"
import * as OwnFile from "../token/OwnFile.ts"
import type { Revocations } from "../token/Revocations.ts"
import type { AuditOptions } from "./Audit.ts"
import { HomeError, notUsable } from "./HomeError.ts"
import type { MicroVmsOptions } from "./MicroVms.ts"
import { once } from "./Once.ts"
import * as Otlp from "./Otlp.ts"
import * as SnapshotKey from "./SnapshotKey.ts"
import * as Templates from "./Templates.ts"

export interface MemoryOptions {
  readonly sessions?: SessionsOptions | undefined
  /** Worker threads and how they are shared. */
  readonly machines?: Omit<QuickJs.Options, "key"> | undefined
  /** Machines with kernels of their own: the templates beside `javascript`. */
  readonly microVms?: MicroVmsOptions | undefined
  /** A policy file: read now, then watched. A later version that is broken leaves the one before it in force. */
  readonly policy?: string | undefined
  /** Where traces and metrics go. Default what the environment says: see `Otlp.layer`. */
  readonly otlp?: Otlp.OtlpOptions | undefined
}

export interface HomeOptions extends MemoryOptions {
  /** Created, for this user only, if it is missing. Relative to the working directory. */
  readonly directory: string
  /** See `Sqlite`: default `normal`. */
  readonly synchronous?: Sqlite.SqliteOptions["synchronous"]
  /** Keeps an audit log of all sessions in the folder `audit`; off without it. One process at a time can. */
  readonly audit?: AuditOptions | undefined
}

/** What works with sessions, and what it is made of. */
export type Home = Sessions | Rooms | Approvals | Journal | Machines | Admission.Admission | Revocations

/** The journal of a home, from which its presence can be seen. */
export const journalFile = (directory: string): string => join(directory, "journal.sqlite")

/** A part that is loaded only where it is asked for: a process that does without it starts sooner. */
const loaded = <Part, A, E, R>(
  part: () => Promise<Part>,
  layer: (part: Part) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> => Layer.unwrap(Effect.map(Effect.promise(part), layer))

const rules = (file: string | undefined): Layer.Layer<never, HomeError> =>
  file === undefined
    ? Layer.empty
    : loaded(
        () => import("./Rules.ts"),
        ({ layer }) => layer(resolve(file))
      )

/** The tiers of other templates, for whoever asks for one. */
const tiers = (options: MemoryOptions & { readonly directory?: string }, key: Redacted.Redacted<Uint8Array>) =>
  Layer.effect(
    Tiers,
    Effect.gen(function* () {
      const machines = yield* Machines
      const scope = yield* Effect.scope
      const load = Effect.gen(function* () {
        const MicroVms = yield* Effect.promise(() => import("./MicroVms.ts"))
        return yield* MicroVms.make({ ...options.microVms, home: options.directory, key, machines })
      }).pipe(Scope.provide(scope), once)
      return (template: string) => Effect.flatMap(load, (find) => find(template))
    })
  )

const composed = <E>(
  options: MemoryOptions & { readonly directory?: string },
  key: Redacted.Redacted<Uint8Array>,
  kept: Layer.Layer<Journal | Admission.Admission | Revocations, E>,
  audit: Layer.Layer<never, HomeError, Revocations> = Layer.empty
): Layer.Layer<Home, E | HomeError> => {
  const { machines, otlp, sessions } = options
  const policy = rules(options.policy)
  const engine = QuickJs.layer({ ...machines, key })
  return Layer.merge(Sessions.layer(sessions), Approvals.layer).pipe(
    Layer.provideMerge(tiers(options, key)),
    Layer.provideMerge(
      Layer.mergeAll(kept, engine, policy, Rooms.layer, Layer.provide(audit, Layer.merge(kept, policy)))
    ),
    Layer.provideMerge(Otlp.layer(otlp))
  )
}

/** The journal of a home alone: for whoever looks at sessions, or decides on their calls, without holding any. */
export const layerJournal = (
  options: Pick<HomeOptions, "directory" | "synchronous">
): Layer.Layer<Journal, HomeError> =>
  JournalSql.layer.pipe(
    Layer.provide(
      Sqlite.layer({ filename: journalFile(resolve(options.directory)), synchronous: options.synchronous })
    ),
    Layer.catch((reason) => Layer.effectContext(Effect.fail(new HomeError({ reason }))))
  )

/**
 * Sessions kept in a directory: their journal in `journal.sqlite`, and in `snapshot.key` the key that signs snapshots.
 *
 * Keys, revocations and used up tokens are kept there too: see `caisson keys`.
 * Several processes may use one home at the same time; a session is held by one of them. Who copies a home takes both files.
 */
export const layer = (options: HomeOptions): Layer.Layer<Home, HomeError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const directory = resolve(options.directory)
      yield* Effect.try({
        try: () => OwnFile.makeDirectory(directory),
        catch: (cause) => notUsable(directory, cause)
      })
      const key = yield* SnapshotKey.load(directory)
      const kept = Layer.merge(layerJournal(options), Admission.layerHome(directory))
      const { audit } = options
      const audited =
        audit &&
        loaded(
          () => import("./Audit.ts"),
          ({ layer }) => layer(directory, audit, Templates.directories(directory, options.microVms?.templates))
        )
      return composed(options, key, kept, audited)
    })
  )

const memory = Layer.merge(JournalMemory.layer, Admission.layerMemory)

/**
 * Sessions that end with their layer: for tests, and for guests whose state nobody needs later. Tokens are verified with the
 * keys of `CAISSON_TOKEN_KEYS`.
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<Home, HomeError> =>
  Layer.unwrap(Effect.sync(() => composed(options, SnapshotKey.make(), memory)))
