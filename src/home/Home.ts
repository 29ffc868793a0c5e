/** A directory in which sessions are kept, and everything that a process needs to work with them. */
import { mkdirSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Machines } from "../machine/Machine.ts"
import * as QuickJs from "../quickjs/QuickJs.ts"
import type { Journal } from "../session/Journal.ts"
import * as JournalMemory from "../session/JournalMemory.ts"
import * as JournalSql from "../session/JournalSql.ts"
import { Sessions, type SessionsOptions } from "../session/Sessions.ts"
import * as Sqlite from "../session/Sqlite.ts"
import { HomeError, notUsable } from "./HomeError.ts"
import * as SnapshotKey from "./SnapshotKey.ts"

export interface MemoryOptions {
  readonly sessions?: SessionsOptions | undefined
  /** Worker threads and how they are shared. */
  readonly machines?: Omit<QuickJs.Options, "key"> | undefined
}

export interface HomeOptions extends MemoryOptions {
  /** Created, for this user only, if it is missing. Relative to the working directory. */
  readonly directory: string
  /** See `Sqlite`: default `normal`. */
  readonly synchronous?: Sqlite.SqliteOptions["synchronous"]
}

/** What works with sessions, and what it is made of. */
export type Home = Sessions | Journal | Machines

/** The journal of a home, from which its presence can be seen. */
export const journalFile = (directory: string): string => join(directory, "journal.sqlite")

const composed = <E>(
  { machines, sessions }: MemoryOptions,
  key: QuickJs.Options["key"],
  journal: Layer.Layer<Journal, E>
): Layer.Layer<Home, E> =>
  Sessions.layer(sessions).pipe(Layer.provideMerge(Layer.merge(journal, QuickJs.layer({ ...machines, key }))))

/**
 * Sessions kept in a directory: their journal in `journal.sqlite`, and in `snapshot.key` the key that signs snapshots.
 *
 * Several processes may use one home at the same time; a session is held by one of them. Who copies a home takes both files.
 */
export const layer = (options: HomeOptions): Layer.Layer<Home, HomeError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const directory = resolve(options.directory)
      yield* Effect.try({
        try: () => mkdirSync(directory, { recursive: true, mode: 0o700 }),
        catch: (cause) => notUsable(directory, cause)
      })
      const key = yield* SnapshotKey.load(directory)
      const database = Sqlite.layer({ filename: journalFile(directory), synchronous: options.synchronous })
      const journal = JournalSql.layer.pipe(
        Layer.provide(database),
        Layer.catch((reason) => Layer.effectContext(Effect.fail(new HomeError({ reason }))))
      )
      return composed(options, key, journal)
    })
  )

/** Sessions that end with their layer: for tests, and for guests whose state nobody needs later. */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<Home> =>
  Layer.unwrap(Effect.sync(() => composed(options, SnapshotKey.make(), JournalMemory.layer)))
